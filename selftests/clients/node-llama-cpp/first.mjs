// SPDX-License-Identifier: MIT
// first.mjs MODEL: seconds from the program's start to the first token of a prompt, and its steps.
import {open, load, context, prompts, begin, seconds} from "./client.mjs";

const llama = await open();
console.log(`# backend after ${seconds()} s`);
const model = await load(llama, process.argv[2]);
console.log(`# model after ${seconds()} s`);
const ctx = await context(model, {batchSize: 512});
for await (const _ of ctx.getSequence().evaluate(begin(model, prompts()[0].prompt), {temperature: 0, yieldEogToken: true}))
    break;
console.log(`# first token after ${seconds()} s`);
process.exit(0);
