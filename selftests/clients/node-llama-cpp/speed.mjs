// SPDX-License-Identifier: MIT
// speed.mjs NAME MODEL [TOKENS]: tokens a second, for a prompt of TOKENS (256) at once and for 32 one after
// the other; as the bench's lines "name value unit". What is compiled is compiled before that.
import {open, load, context, prompts, begin, seconds} from "./client.mjs";

const [name, file, size = "256"] = process.argv.slice(2);
const WORDS = 32;
const llama = await open();
const model = await load(llama, file);
const ctx = await context(model, {batchSize: 512, contextSize: 512});
const sequence = ctx.getSequence();
const prompt = begin(model, prompts().map((p) => p.prompt + p.continues).join("\n")).slice(0, Number(size));

// Seconds for the prompt, and for WORDS words after a short one.
async function measure() {
    await sequence.clearHistory();
    const start = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(0, -1));
    for await (const _ of sequence.evaluate(prompt.slice(-1), {temperature: 0, yieldEogToken: true}))
        break;
    const read = performance.now();

    await sequence.clearHistory();
    let words = 0, first = 0;
    for await (const _ of sequence.evaluate(prompt.slice(0, 16), {temperature: 0, yieldEogToken: true})) {
        if (words++ === 0)
            first = performance.now();
        if (words > WORDS)
            break;
    }
    return {prompt: (read - start) / 1000, words: (performance.now() - first) / 1000};
}

const cold = seconds();
await measure();
const best = [await measure(), await measure()];

console.log(`${name}_ready_s ${cold} s`);
console.log(`${name}_prompt ${(prompt.length / Math.min(...best.map((b) => b.prompt))).toFixed(1)} tokens/s`);
console.log(`${name}_generate ${(WORDS / Math.min(...best.map((b) => b.words))).toFixed(1)} tokens/s`);
process.exit(0);
