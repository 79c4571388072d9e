// SPDX-License-Identifier: MIT
// logits.mjs write|compare FILE MODEL TEXT COUNT [BOUND]: the logits for COUNT tokens of TEXT,
// each after the right ones before it, written to FILE, or
// compared with what is there: mean KL divergence and top-1 agreement. BOUND: the largest mean.
import fs from "node:fs";
import {open, load, context, begin, result, note, seconds, finish} from "./client.mjs";

const [what, file, name, text, countText, bound = "1e-3"] = process.argv.slice(2);
const count = Number(countText);
const STRETCH = 200;    // what the model has learned to look back on
const llama = await open();
const model = await load(llama, name);
const ctx = await context(model, {batchSize: 512});
const sequence = ctx.getSequence();
const vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
const words = model.tokenize(fs.readFileSync(text, "utf8")).slice(0, count);

if (words.length < count)
    throw new Error(`${text} has ${words.length} tokens only`);

// The logits as log probabilities, [tokens][vocabulary].
async function stretch(tokens) {
    const out = new Float32Array(tokens.length * vocabulary);
    const start = model.tokens.shouldPrependBosToken ? [model.tokens.bos] : [];
    const given = [...start, ...tokens.slice(0, tokens.length - start.length)];

    await sequence.clearHistory();
    await sequence.controlledEvaluate(given.map((t) => [t, {generateNext: {logits: true}}]), {
        onTokenResult(i, r) {
            const row = out.subarray(i * vocabulary, (i + 1) * vocabulary);
            let most = -Infinity, sum = 0;

            for (const [token, logit] of r.next.logits) {
                row[token] = logit;
                most = Math.max(most, logit);
            }
            for (const x of row)
                sum += Math.exp(x - most);
            for (let k = 0; k < vocabulary; k++)
                row[k] -= most + Math.log(sum);
        }
    });
    return out;
}

function top(row) {
    let best = 0;

    for (let k = 1; k < row.length; k++)
        if (row[k] > row[best])
            best = k;
    return best;
}

// Sum of KL(reference || device), agreeing tokens, largest difference.
function compare(ours, theirs, sums) {
    for (let at = 0; at < ours.length; at += vocabulary) {
        const a = theirs.subarray(at, at + vocabulary), b = ours.subarray(at, at + vocabulary);
        let kl = 0;

        for (let k = 0; k < vocabulary; k++) {
            kl += Math.exp(a[k]) * (a[k] - b[k]);
            if (a[k] > -10)
                sums.far = Math.max(sums.far, Math.abs(a[k] - b[k]));
        }
        sums.kl += kl;
        sums.worst = Math.max(sums.worst, kl);
        sums.same += top(a) === top(b);
        sums.n++;
    }
}

// All of a buffer, to or from a place in a file: a call may move less. False at the file's end.
function whole(call, fd, bytes, place) {
    for (let done = 0, n; done < bytes.length; done += n) {
        n = call(fd, bytes, done, bytes.length - done, place + done);
        if (n === 0)
            return false;
    }
    return true;
}

const sums = {kl: 0, worst: 0, same: 0, far: 0, n: 0};
const fd = fs.openSync(file, what === "write" ? "w" : "r");
let place = 0;

for (let at = 0; at < count; at += STRETCH) {
    const tokens = words.slice(at, at + STRETCH);
    const ours = await stretch(tokens);
    const bytes = Buffer.from(ours.buffer);

    if (what === "write") {
        whole(fs.writeSync, fd, bytes, place);
    } else {
        const theirs = new Float32Array(ours.length);

        if (!whole(fs.readSync, fd, Buffer.from(theirs.buffer), place))
            throw new Error(`${file} is too short`);
        compare(ours, theirs, sums);
    }
    place += bytes.length;
}
if (what === "compare") {
    const mean = sums.kl / sums.n, agree = sums.same / sums.n;

    note(`${name}: ${sums.n} tokens, mean KL ${mean.toExponential(2)}, worst ${sums.worst.toExponential(2)}, ` +
        `top-1 ${(100 * agree).toFixed(2)} %, log probabilities differ by ${sums.far.toFixed(4)} at most, ` +
        `${seconds()} s`);
    result(`${name} ${sums.n} tokens: mean KL at most ${bound}`, mean <= Number(bound) ? "" : `it is ${mean}`);
    result(`${name} ${sums.n} tokens: top-1 agreement of 99 %`, agree >= 0.99 ? "" : `it is ${agree}`);
}
finish();
