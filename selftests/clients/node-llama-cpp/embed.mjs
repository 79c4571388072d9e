// SPDX-License-Identifier: MIT
// embed.mjs write|compare FILE MODEL: embeddings of the prompts, written or compared by the
// cosine of the angle between them.
import fs from "node:fs";
import {open, load, prompts, result, note, finish} from "./client.mjs";

const [what, file, name] = process.argv.slice(2);
const BOUND = 1e-3;
const llama = await open();
const model = await load(llama, name);
const ctx = await model.createEmbeddingContext({contextSize: 512});
const ours = [];

for (const p of prompts().slice(0, 8))
    ours.push([...(await ctx.getEmbeddingFor(p.prompt + p.continues)).vector]);
if (what === "write") {
    fs.writeFileSync(file, JSON.stringify(ours));
} else {
    const dot = (v, w) => v.reduce((sum, x, k) => sum + x * w[k], 0);
    const theirs = JSON.parse(fs.readFileSync(file, "utf8"));
    const off = theirs.map((t, k) => 1 - dot(t, ours[k]) / Math.sqrt(dot(t, t) * dot(ours[k], ours[k])));
    const most = Math.max(...off);

    note(`${name}: cosines fall short of 1 by ${most.toExponential(2)} at most`);
    result(`${name} embeddings agree to ${BOUND}`, most <= BOUND ? "" : `they are off by ${most}`);
}
finish();
