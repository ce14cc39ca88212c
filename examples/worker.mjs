// @ts-check
// Trains in a worker thread, while the main thread serves the progress over HTTP. In one thread the server would wait for
// every update.
//     node examples/worker.mjs [IMAGES] [PORT]
// It serves http://localhost:PORT, by default 8080. Ctrl-C saves and ends; the same command resumes.
import { createServer } from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Trains. The main thread sends `stop` to end it. */
async function work() {
  const { loadPreset, train } = await import('rin');
  const stop = new AbortController();
  parentPort?.once('message', () => stop.abort());
  const config = loadPreset('emoji-64', {
    model: { size: 16, patch: 4 },
    training: { images: workerData.images, threads: 1, sampleEvery: 0 }, // the other cores are for the server
  });
  try {
    await train({
      config,
      data: 'emoji',
      run: 'runs/worker',
      signal: stop.signal,
      onProgress: (progress) => parentPort?.postMessage(progress),
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error; // the run is saved
  } finally {
    parentPort?.unref(); // its listener for `stop` would keep the thread alive
  }
}

/** Serves the newest progress as JSON until the training ends. */
async function serve() {
  const [images = '20k', port = '8080'] = process.argv.slice(2);
  const worker = new Worker(new URL(import.meta.url), { workerData: { images } });
  /** @type {import('rin').Progress | undefined} */
  let newest;
  worker.on('message', (progress) => {
    newest = progress;
  });
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(newest ?? null));
  });
  server.listen(Number(port), () => console.log(`progress: http://localhost:${Object(server.address()).port}`));
  // Without a handler, a signal would end the process, and lose the updates since the newest checkpoint.
  const stop = () => worker.postMessage('stop');
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, stop);
  worker.on('error', (error) => {
    process.exitCode = 1;
    console.error(error.message);
  });
  await new Promise((resolve) => worker.once('exit', resolve));
  console.log(`${newest?.images ?? 0} of ${newest?.total ?? images} images`);
  server.close();
}

await (isMainThread ? serve() : work());
