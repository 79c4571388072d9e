// SPDX-License-Identifier: MIT
// reload.mjs TIMES MODEL: load, speak, unload, again and again: the device's memory comes back.
import {open, load, context, prompts, begin, continuation, result, note, finish} from "./client.mjs";

const times = Number(process.argv[2]);
const name = process.argv[3];
const llama = await open();
const [p] = prompts();
const used = [];
let wrong = 0;

for (let i = 0; i < times; i++) {
    const model = await load(llama, name);
    const ctx = await context(model);
    const said = await continuation(model, ctx.getSequence(), begin(model, p.prompt), 20);

    wrong += said !== p.continues.slice(0, 20);
    await ctx.dispose();
    await model.dispose();
    used.push((await llama.getVramState()).used);
}
note(`MiB used after each: ${used.map((u) => (u / 1048576).toFixed(1)).join(" ")}`);
result(`${name} speaks alike ${times} times`, wrong === 0 ? "" : `${wrong} times it did not`);
// What the first use leaves (libraries, compiled kernels) stays; nothing may be added to it.
result("memory is back after each", used.every((u) => u <= used[0]) ? "" : "it grows");
finish();
