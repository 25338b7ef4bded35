// The till's service worker. It keeps one page, to be shown when the shop cannot be reached.
// It never keeps or repeats anything that redeems: a voucher is used online or not at all.
"use strict";

const KEPT = "qy-till-1";
const OFFLINE = new URL("offline/", self.registration.scope).pathname;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(KEPT);
      const answer = await fetch(OFFLINE, { cache: "no-store", credentials: "same-origin" });
      if (!answer.ok) throw new Error("no page for the time without a connection");
      const page = await answer.clone().text();
      await cache.put(OFFLINE, answer);
      // What the page is drawn with; its addresses carry a hash of what they hold.
      const styles = [...page.matchAll(/(?:href|src)="([^"]+\.(?:css|js|svg))(?:#[^"]*)?"/g)].map((found) => found[1]);
      await Promise.allSettled([...new Set(styles)].map((address) => cache.add(address)));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith("qy-till-") && name !== KEPT) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
    return;
  }
  if (["style", "script", "image"].includes(request.destination)) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(request)) || Response.error()));
  }
});
