// SPDX-License-Identifier: MIT
// What the programs of this suite share: the package, models, results.
//
// Environment: NLC_MODULES the folder of the installed package (…/node_modules), NLC_MODELS the
// models', NLC_GPU "cuda" (default) or "cpu", NLC_FA "on" or "off" (default: as llama.cpp decides),
// NLC_THREADS threads of the CPU's part (1), NLC_RUNTIME the libcudart that must be in use, NLC_LENGTH the
// characters of each continuation that count (all), NLC_DEVICES the devices that must share a model, VGPU_CTL our vgpu-ctl.
import {execFileSync} from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {pathToFileURL} from "node:url";

export const models = process.env.NLC_MODELS;
export const gpu = process.env.NLC_GPU === "cpu" ? false : "cuda";
const threads = Number(process.env.NLC_THREADS ?? 1);
const flashAttention = {on: true, off: false}[process.env.NLC_FA] ?? "auto";
let tests = 0, failed = 0;

// ---- results

// One test. A reason that is not empty is why it failed.
export function result(name, reason = "") {
    tests++;
    failed += reason !== "";
    console.log(`${reason === "" ? "ok" : "not ok"} ${tests} - ${name}`);
    if (reason !== "")
        note(reason);
    return reason === "";
}

export function note(text) {
    for (const line of text.split("\n"))
        console.log(`# ${line}`);
}

// Seconds since the process began, Node.js's own start included: that is where performance.now() counts from.
export function seconds() {
    return (performance.now() / 1000).toFixed(2);
}

export function finish() {
    console.log(`1..${tests}`);
    process.exit(failed ? 1 : 0);
}

// ---- the package

export async function open() {
    const index = path.join(process.env.NLC_MODULES, "node-llama-cpp/dist/index.js");
    const {getLlama} = await import(pathToFileURL(index));
    const llama = await getLlama({gpu, build: "never", skipDownload: true, progressLogs: false,
        logLevel: process.env.NLC_LOG ?? "error", maxThreads: threads, vramPadding: 0, ramPadding: 0});

    if (llama.gpu !== gpu)
        throw new Error(`wanted ${gpu}, got ${llama.gpu}`);
    if (gpu && process.env.NLC_RUNTIME && !fs.readFileSync("/proc/self/maps", "utf8").includes(process.env.NLC_RUNTIME))
        throw new Error(`${process.env.NLC_RUNTIME} is not what it runs on`);
    return llama;
}

// A model with all of its layers on the device (or none, for the CPU).
export async function load(llama, file) {
    const model = await llama.loadModel({modelPath: path.resolve(models, file),
        gpuLayers: gpu ? "max" : 0});
    const layers = model.fileInfo.metadata.llama.block_count + 1;

    if (gpu && model.gpuLayers !== layers)
        throw new Error(`${model.gpuLayers} of ${layers} layers on the device`);
    return model;
}

export async function context(model, options = {}) {
    return await model.createContext({contextSize: 1024, batchSize: 1024, flashAttention, ...options});
}

// What vgpu-ctl says of each device.
export function devices() {
    return JSON.parse(execFileSync(process.env.VGPU_CTL, ["status", "--json"])).devices;
}

export function prompts() {
    const all = JSON.parse(fs.readFileSync(path.join(models, "prompts.json"), "utf8"));

    return all.map((p) => ({...p, continues: p.continues.slice(0, Number(process.env.NLC_LENGTH ?? Infinity))}));
}

// Tokens of a text as a beginning: with what the model wants before it.
export function begin(model, text) {
    return [...(model.tokens.shouldPrependBosToken ? [model.tokens.bos] : []), ...model.tokenize(text)];
}

// What the model says after TOKENS, LENGTH characters of it; each word the likeliest.
// SentencePiece's leading space is not part of what prompts.json has.
export async function continuation(model, sequence, tokens, length, heard = () => {}) {
    const out = [];
    let said = "";

    for await (const token of sequence.evaluate(tokens, {temperature: 0, yieldEogToken: true})) {
        out.push(token);
        heard(out.length);
        said = model.detokenize(out, false, tokens).replace(/^ /, "");
        if (said.length >= length || out.length > length)
            break;
    }
    return said.slice(0, length);
}
