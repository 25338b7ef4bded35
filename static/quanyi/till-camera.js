// The camera of the till: the browser's own detector where it has one, else small frames go to our server to be read.
(function () {
  "use strict";

  const form = document.getElementById("till");
  const camera = document.querySelector(".camera");
  if (!form || !camera) return;
  const video = document.getElementById("eye");
  const words = document.getElementById("camera-words");
  const hint = document.getElementById("camera-hint");
  const torch = camera.querySelector("[data-torch]");
  const picture = document.getElementById("picture");
  const entry = form.elements.entry;

  const WIDTH = 800;
  const BETWEEN_OWN = 120;
  // The server is asked at most three times a second, one frame at a time.
  const BETWEEN_SENT = 350;
  let stream = null;
  let detector = null;
  let looking = false;
  let lastText = "";
  let lastAt = 0;

  const canvas = document.createElement("canvas");
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const idle = () => form.dataset.kind === "idle";

  const findDetector = async () => {
    if (!("BarcodeDetector" in window)) return null;
    try {
      const formats = await window.BarcodeDetector.getSupportedFormats();
      if (!formats.includes("qr_code")) return null;
      return new window.BarcodeDetector({ formats: formats.filter((one) => ["qr_code", "code_128", "data_matrix"].includes(one)) });
    } catch (refused) {
      return null;
    }
  };

  const shrink = (source, width, height) => {
    const scale = Math.min(1, WIDTH / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(source, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.72));
  };

  // Texts on one frame; throws an Error with a sentence of the server when it refuses.
  const ask = async (blob) => {
    const answer = await fetch(form.dataset.frames, {
      method: "POST",
      body: blob,
      credentials: "same-origin",
      redirect: "manual",
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, "Content-Type": "image/jpeg" },
    });
    if (answer.status === 429 || answer.status === 503) {
      await wait(1000);
      return [];
    }
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      location.reload();
      return [];
    }
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told.found;
  };

  const look = async () => {
    if (detector) return (await detector.detect(video)).map((one) => one.rawValue);
    return ask(await shrink(video, video.videoWidth, video.videoHeight));
  };

  // A code that lies still in front of the lens is one scan, not twenty.
  const found = (text) => {
    const now = Date.now();
    if (!idle() || (text === lastText && now - lastAt < 2500)) return;
    lastText = text;
    lastAt = now;
    hint.textContent = "";
    entry.value = text;
    form.querySelector("button[value=enter]").click();
  };

  const loop = async () => {
    if (looking) return;
    looking = true;
    while (stream && idle() && !document.hidden) {
      const began = Date.now();
      try {
        if (video.readyState >= 2) {
          const texts = await look();
          if (texts.length) found(texts[0]);
        }
      } catch (trouble) {
        // A frame that could not be sent or read is followed by the next one.
        await wait(1000);
      }
      await wait(Math.max(20, (detector ? BETWEEN_OWN : BETWEEN_SENT) - (Date.now() - began)));
      while (form.classList.contains("htmx-request")) await wait(60);
    }
    looking = false;
  };

  const stop = () => {
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    video.srcObject = null;
    camera.dataset.state = "off";
  };

  const tell = (why) => {
    words.textContent = words.dataset[why];
  };

  const start = async () => {
    if (stream) return;
    if (!navigator.mediaDevices) return tell("insecure");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 960 } } });
    } catch (refused) {
      return tell({ NotAllowedError: "denied", NotReadableError: "busy", AbortError: "busy" }[refused.name] || "none");
    }
    video.srcObject = stream;
    await video.play().catch(() => {});
    camera.dataset.state = "on";
    hint.textContent = hint.dataset.seeking;
    const track = stream.getVideoTracks()[0];
    track.addEventListener("ended", stop);
    torch.hidden = !(track.getCapabilities && track.getCapabilities().torch);
    detector = await findDetector();
    camera.dataset.reader = detector ? "own" : "server";
    try {
      sessionStorage.setItem("qy-till-camera", "on");
    } catch (refused) {
      // Then the camera is started by hand on every page.
    }
    if (navigator.wakeLock) navigator.wakeLock.request("screen").catch(() => {});
    loop();
  };

  const readPicture = async () => {
    const file = picture.files[0];
    picture.value = "";
    if (!file) return;
    hint.textContent = hint.dataset.seeking;
    try {
      const image = await createImageBitmap(file);
      const texts = await ask(await shrink(image, image.width, image.height));
      hint.textContent = texts.length ? "" : hint.dataset.nothing;
      if (texts.length) found(texts[0]);
    } catch (trouble) {
      hint.textContent = (trouble && trouble.message) || hint.dataset.nothing;
    }
  };

  camera.querySelector("[data-camera=start]").addEventListener("click", start);
  picture.addEventListener("change", readPicture);
  torch.addEventListener("click", () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
    torch.setAttribute("aria-pressed", String(on));
  });
  document.addEventListener("till:stage", loop);
  document.addEventListener("visibilitychange", () => {
    // A phone in a pocket needs no camera.
    if (document.hidden) stop();
    else startIfAllowed();
  });
  window.addEventListener("pagehide", stop);

  const startIfAllowed = async () => {
    let before = false;
    try {
      before = sessionStorage.getItem("qy-till-camera") === "on";
      const asked = await navigator.permissions.query({ name: "camera" });
      before = before || asked.state === "granted";
    } catch (unknown) {
      // Not every browser tells; a tap starts it.
    }
    if (before) start();
  };
  startIfAllowed();
})();
