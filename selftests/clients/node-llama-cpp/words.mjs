// SPDX-License-Identifier: MIT
// words.mjs COUNT MODEL...: the first COUNT prompts of prompts.json must be continued word for
// word; if COUNT is more than 1, also two of them as two sequences of one batch, and eight of more than
// 64 tokens each, which is a batch of more than 512.
import {open, load, context, devices, prompts, begin, continuation, result, note, seconds, finish} from "./client.mjs";

const count = Number(process.argv[2]);
const llama = await open();

const there = process.env.NLC_DEVICES ? devices().length : 1;
if (there !== Number(process.env.NLC_DEVICES ?? 1))
    throw new Error(`there are ${there} devices`);
note(`${(await llama.getGpuDeviceNames()).join(", ")}: ready after ${seconds()} s`);

// prompts.json trims what the model says; so does this.
function differs(said, want) {
    return said.trim() === want.trim() ? "" : `said   ${JSON.stringify(said)}\nwanted ${JSON.stringify(want)}`;
}

async function one(model, sequence, p, first) {
    const tokens = begin(model, p.prompt);

    await sequence.clearHistory();
    return await continuation(model, sequence, tokens, p.continues.length,
        (n) => first && n === 1 && note(`first token after ${seconds()} s`));
}

async function alone(model, file) {
    const ctx = await context(model, {batchSize: 512});
    const sequence = ctx.getSequence();
    let i = 0;

    for (const p of prompts().slice(0, count)) {
        result(`${file} prompt ${i}`, differs(await one(model, sequence, p, i === 0 && file === process.argv[3]), p.continues));
        i++;
    }
    await ctx.dispose();
}

async function together(model, file) {
    const ctx = await context(model, {sequences: 2, contextSize: 512, batchSize: 512});
    const two = prompts().slice(0, 2);
    const said = await Promise.all(two.map((p) => one(model, ctx.getSequence(), p, false)));

    result(`${file} two sequences in one batch`,
        two.map((p, k) => differs(said[k], p.continues)).filter((d) => d).join("\n"));
    await ctx.dispose();
}

// Prompts that the model knows after another one, too, with that one before them.
const KNOWN_BEHIND = [0, 1, 8, 9, 10, 11, 12, 13];
const LENGTH = 20;

async function crowd(model, file) {
    const ctx = await context(model, {sequences: 8, contextSize: 256, batchSize: 1024});
    const all = prompts();
    const long = KNOWN_BEHIND.map((i) => {
        const q = all[(i + 1) % all.length];

        return {prompt: `${q.prompt}${q.continues}\n\n${all[i].prompt}`, continues: all[i].continues.slice(0, LENGTH)};
    });
    const sizes = long.map((p) => begin(model, p.prompt).length);
    const said = await Promise.all(long.map((p) => one(model, ctx.getSequence(), p, false)));

    result(`${file} eight sequences of ${Math.min(...sizes)} tokens and more, ${sizes.reduce((a, b) => a + b)} in one batch`,
        long.map((p, k) => differs(said[k], p.continues)).filter((d) => d).join("\n"));
    await ctx.dispose();
}

// Each device must hold a part of the model and have computed with it; BEFORE is what they said before.
function shared(file, before) {
    const idle = devices().filter((d, i) =>
        d.kernels <= before[i].kernels || d.memory.used < before[i].memory.used + (1 << 20));

    result(`${file} on ${before.length} devices`, idle.map((d) => `device ${d.index} has no part in it`).join("\n"));
}

for (const file of process.argv.slice(3)) {
    const before = process.env.NLC_DEVICES ? devices() : null;
    const model = await load(llama, file);

    await alone(model, file);
    if (before)
        shared(file, before);
    if (count > 1) {
        await together(model, file);
        await crowd(model, file);
    }
    await model.dispose();
}
finish();
