// Decodes the sound of a file of this computer as a stream, in a worker; only levels stay, and they stay here.

import { ALL_FORMATS, AudioSampleSink, BlobSource, Input } from "../vendor/mediabunny.min.mjs";
import { Levels } from "./levels.js";
import { lineUp } from "./line_up.js";

addEventListener("message", async (event) => {
  const { file, room } = event.data;
  try {
    postMessage({ found: await find(file, room) });
  } catch (error) {
    postMessage({ failed: error instanceof Error ? error.message : "" });
  }
});

/** @param {File} file @param {(number | null)[]} room */
async function find(file, room) {
  const input = new Input({ formats: ALL_FORMATS, source: new BlobSource(file) });
  const track = await input.getPrimaryAudioTrack();
  if (!track) return { verdict: "no sound", parts: [] };
  if (!(await track.canDecode())) return { verdict: "not decoded", parts: [] };
  const length = await input.computeDuration();
  const levels = new Levels();
  let samples = new Float32Array(0), mixed = new Float32Array(0), shown = 0;
  for await (const sample of new AudioSampleSink(track).samples()) {
    const { numberOfFrames: frames, numberOfChannels: channels, sampleRate, timestamp } = sample;
    if (samples.length !== frames) {
      samples = new Float32Array(frames);
      mixed = new Float32Array(frames);
    }
    mixed.fill(0);
    for (let channel = 0; channel < channels; channel++) {
      sample.copyTo(samples, { planeIndex: channel, format: "f32-planar" });
      for (let i = 0; i < frames; i++) mixed[i] += samples[i] / channels;
    }
    sample.close();
    levels.add(timestamp, mixed, sampleRate);
    if (timestamp > shown + 20) {
      shown = timestamp;
      postMessage({ progress: Math.min(timestamp / length, 1) });
    }
  }
  return lineUp(room, levels.all);
}
