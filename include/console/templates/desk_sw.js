// Opens the desk without a connection. Made by the server: another version of any file makes another worker.
const VERSION = "desk-{{ version }}";
const FILES = {{ files|safe }};
const PATIENCE_MS = 5000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(FILES.map((url) => new Request(url, { cache: "no-cache" })))));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("desk-") && name !== VERSION) await caches.delete(name);
    await self.clients.claim();
  })());
});

/** The page as the server has it; where nobody answers in time, as it was last. */
async function page(request) {
  const cache = await caches.open(VERSION);
  const kept = () => cache.match(request).then((same) => same ?? cache.match("./", { ignoreSearch: true }));
  try {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), PATIENCE_MS));
    const answer = await Promise.race([fetch(request), late]);
    if (answer.status >= 500) return (await kept()) ?? answer;
    if (answer.ok && answer.type === "basic") await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const page = await kept();
    if (page) return page;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const home = new URL("./", self.location).pathname;
  if (request.mode === "navigate" && url.pathname === home) event.respondWith(page(request));
  else if (FILES.some((file) => new URL(file, self.location).pathname === url.pathname && file !== "./")) {
    event.respondWith(caches.open(VERSION).then((cache) => cache.match(request)).then((kept) => kept ?? fetch(request)));
  }
});
