// Runs the cases of a folder (tests/modules/compare_onnx.c) in ONNX Runtime and prints, for each model, the number of
// images, the largest deviation from our scores, the same as a share of their range, and how many pixels lie on the other
// side of the threshold or are no number.
// usage: node onnxruntime_scores.js FOLDER    (NODE_PATH: where onnxruntime-node is)
"use strict";
const fs = require("fs");
const path = require("path");
const ort = require("onnxruntime-node");

const folder = process.argv[2];

function floats(name) {
    const bytes = fs.readFileSync(path.join(folder, name));
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

async function main() {
    const cases = fs.readFileSync(path.join(folder, "cases.jsonl"), "utf8").trim().split("\n").map(JSON.parse);
    const found = new Map();
    let session = null, open = null;
    for (const one of cases) {
        if (open !== one.model) { // models come one after the other: one in memory is enough
            const options = {intraOpNumThreads: 1, logSeverityLevel: 3};
            session = await ort.InferenceSession.create(path.join(folder, one.model), options);
            open = one.model;
        }
        const [images, rows, columns] = one.shape, shape = [images, 1, rows, columns];
        const output = await session.run({image: new ort.Tensor("float32", floats(one.image), shape)});
        if (String(output.score.dims) !== String(shape))
            throw new Error(`${one.model}: a score of ${output.score.dims} for an image of ${shape}`);
        const result = found.get(one.model) || {images: 0, deviation: 0, low: 1, high: 0, others: 0};
        const ours = floats(one.score), theirs = output.score.data;
        for (let i = 0; i < ours.length; i++) {
            const distance = Math.abs(ours[i] - theirs[i]);
            result.deviation = Math.max(result.deviation, distance); // NaN from the first one on
            result.low = Math.min(result.low, ours[i]);
            result.high = Math.max(result.high, ours[i]);
            result.others += !Number.isFinite(distance) || ours[i] > one.threshold !== theirs[i] > one.threshold;
        }
        result.images += images;
        found.set(one.model, result);
    }
    for (const [model, r] of found) {
        const share = (r.deviation / (r.high - r.low)).toExponential(2);
        console.log(`onnxruntime ${model} ${r.images} ${r.deviation.toExponential(2)} ${share} ${r.others}`);
    }
}

main().catch(error => {
    console.error(error.message);
    process.exit(1);
});
