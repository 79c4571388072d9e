// SPDX-License-Identifier: MIT
// long.mjs write|compare FILE MODEL COUNT: prompts of more than 64 and of more than 512 tokens, COUNT
// of each, made of what the model knows. "write" lets the model (on the CPU) continue them and keeps
// its words with the margin of each; "compare" wants the same words wherever that margin is so wide
// that no correct backend differs. The model never saw more than some 256 tokens at once: beyond, it
// rambles, and llama.cpp's own CPU variants differ by as much as the device does.
import fs from "node:fs";
import {open, load, context, prompts, result, note, finish} from "./client.mjs";

const [what, file, name, countText] = process.argv.slice(2);
const WORDS = 24, NARROW = {64: 0.5, 512: 3};
const known = prompts();
const llama = await open();
const model = await load(llama, name);
const ctx = await context(model, {batchSize: 512});
const sequence = ctx.getSequence();

// Prompt I after as many others as LENGTH tokens take.
function prompt(i, length) {
    let tokens = [], text = "";

    for (let k = 1; tokens.length <= length; k++) {
        const p = known[(i + k) % known.length];

        text += `${p.prompt}${p.continues}\n\n`;
        tokens = [model.tokens.bos, ...model.tokenize(text + known[i].prompt)];
    }
    return tokens;
}

// The likeliest word after TOKENS, and its distance to the second.
async function next(tokens) {
    const last = tokens.length - 1;
    const wanted = {generateNext: {token: true, logits: {filter: {tokens: [], includeTop: 2}}, options: {temperature: 0}}};
    const out = await sequence.controlledEvaluate(tokens.map((t, k) => k === last ? [t, wanted] : t));
    const logits = [...out[last].next.logits.values()].sort((a, b) => b - a);

    return {token: out[last].next.token, margin: logits[0] - logits[1]};
}

// WORDS of them; if FORCED is given, each after those.
async function say(tokens, forced) {
    const said = [];

    await sequence.clearHistory();
    for (let input = tokens; said.length < WORDS; input = [(forced ?? said)[said.length - 1].token])
        said.push(await next(input));
    return said;
}

async function compare(at, want) {
    const tokens = prompt(want.i, want.length);
    const said = await say(tokens, want.said);
    let compared = 0, wrong = 0;

    want.said.forEach((w, k) => {
        if (w.margin < NARROW[want.length])
            return;
        compared++;
        wrong += said[k].token !== w.token;
    });
    result(`${name} ${tokens.length} tokens, then ${WORDS}`, wrong === 0 ? "" :
        `${wrong} of ${compared} differ: ${JSON.stringify(model.detokenize(said.map((s) => s.token)))}`);
    return compared;
}

if (what === "write") {
    const out = [];

    for (const length of [64, 512])
        for (let i = 0; i < Number(countText); i++)
            out.push({i, length, said: await say(prompt(i, length))});
    fs.writeFileSync(file, JSON.stringify(out));
} else {
    const list = JSON.parse(fs.readFileSync(file, "utf8"));
    const done = {64: 0, 512: 0};

    for (const [at, want] of list.entries())
        done[want.length] += await compare(at, want);
    note(`words compared: ${done[64]} and ${done[512]}`);
    result(`${name} enough words to judge`, done[64] >= 12 * countText && done[512] >= 3 * countText ? "" :
        "nearly all were too narrow");
}
finish();
