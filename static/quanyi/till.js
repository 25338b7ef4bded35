// The till: one form, one stage. Scans come from a keyboard, a USB scanner that types, or the camera (till-camera.js).
// Without this file the same form is sent and the same stage comes back as a page.
(function () {
  "use strict";

  const form = document.getElementById("till");
  if (!form) return;
  const entry = form.elements.entry;
  const stage = document.getElementById("stage");
  const isDesk = "wedge" in form.dataset;
  const kind = () => (stage.firstElementChild ? stage.firstElementChild.dataset.kind : "idle");

  // Sound, if the clerk wants it: one high tone for yes, two low ones for no.
  let speaker;
  const wantsSound = () => {
    try {
      return localStorage.getItem("qy-till-sound") === "on";
    } catch (refused) {
      return false;
    }
  };
  const tone = (pitch, start, length) => {
    const voice = speaker.createOscillator();
    const gain = speaker.createGain();
    voice.frequency.value = pitch;
    gain.gain.setValueAtTime(0.16, speaker.currentTime + start);
    gain.gain.exponentialRampToValueAtTime(0.001, speaker.currentTime + start + length);
    voice.connect(gain).connect(speaker.destination);
    voice.start(speaker.currentTime + start);
    voice.stop(speaker.currentTime + start + length);
  };
  const say = (what) => {
    if (navigator.vibrate && !isDesk) navigator.vibrate(what === "refused" ? [90, 70, 160] : 60);
    if (!wantsSound()) return;
    speaker = speaker || new AudioContext();
    if (what === "refused") {
      tone(220, 0, 0.18);
      tone(180, 0.22, 0.3);
    } else tone(what === "found" ? 660 : 990, 0, 0.16);
  };
  const markSound = () => {
    for (const button of document.querySelectorAll("[data-sound]")) button.setAttribute("aria-pressed", String(wantsSound()));
  };
  const switchSound = () => {
    try {
      localStorage.setItem("qy-till-sound", wantsSound() ? "off" : "on");
    } catch (refused) {
      // The till then stays silent.
    }
    markSound();
    if (wantsSound()) say("done");
  };

  // What lies on the stage decides what the page shows and who gets the cursor.
  const settle = () => {
    form.dataset.kind = kind();
    document.dispatchEvent(new CustomEvent("till:stage", { detail: kind() }));
    const amount = stage.querySelector("#amount");
    if (amount) amount.focus();
    else if (isDesk) entry.focus();
    else if (kind() === "done" || kind() === "refused") stage.querySelector("[data-next]").focus({ preventScroll: true });
  };

  const startOver = () => {
    const empty = document.createElement("section");
    empty.className = "stage stage-idle";
    empty.dataset.kind = "idle";
    if (isDesk) {
      const words = document.createElement("div");
      words.className = "idle";
      words.textContent = form.dataset.ready;
      empty.append(words);
    }
    stage.replaceChildren(empty);
    entry.value = "";
    typed = "";
    sent = null;
    settle();
  };

  // As if the first button had been pressed, whatever was pressed before.
  const enter = () => form.querySelector("button[value=enter]").click();

  // An input method for Chinese swallows what a scanner types. The keys themselves are not lost: they
  // are noted as they are pressed, and used when the field was composed in since it was last empty.
  let typed = "";
  let composedIn = null;
  const PLAIN = { Minus: "-", NumpadSubtract: "-", Period: ".", NumpadDecimal: ".", Semicolon: ":" };
  const letterOf = (code) => {
    const found = /^(?:Key([A-Z])|(?:Digit|Numpad)(\d))$/.exec(code);
    return found ? found[1] || found[2] : PLAIN[code] || "";
  };
  const isTyped = (field) => field.name === "entry" || field.name === "amount";
  form.addEventListener("compositionstart", (event) => {
    if (isTyped(event.target)) composedIn = event.target;
  });
  form.addEventListener("keydown", (event) => {
    if (!isTyped(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === "Backspace") typed = typed.slice(0, -1);
    else typed += letterOf(event.code);
    if (event.code !== "Enter" || !(event.isComposing || event.keyCode === 229)) return;
    // This Enter would only end the composing: the scan is complete, so it is sent.
    event.preventDefault();
    setTimeout(enter, 0);
  });

  // A scanner does not wait for an answer: what it types meanwhile stays, and a whole scan is sent
  // as soon as the answer lies on the stage, unless that is a refusal, which must be read first.
  let sent = null;
  let scanned = false;
  document.addEventListener("htmx:beforeSend", (event) => {
    sent = event.detail.requestConfig.formData.get("entry") || "";
    scanned = false;
  });
  const takeUp = () => {
    if (sent === null) return;
    const whole = scanned && kind() !== "refused";
    entry.value = entry.value.startsWith(sent) && scanned === whole ? entry.value.slice(sent.length) : "";
    sent = null;
    scanned = false;
    if (whole && entry.value) setTimeout(enter, 0);
  };

  form.addEventListener(
    "submit",
    () => {
      if (composedIn && typed) composedIn.value = typed;
      typed = "";
      composedIn = null;
      scanned = sent !== null && entry.value !== sent;
    },
    true,
  );

  // Number of uses: the button says what it will do.
  const uses = () => form.elements.uses;
  const markUses = () => {
    const words = stage.querySelector("[data-uses]");
    if (words && uses()) words.textContent = uses().value;
  };
  form.addEventListener("input", markUses);

  const stepUses = (by) => {
    const button = stage.querySelector(`[data-step="${by}"]`);
    if (button) button.click();
  };

  const press = (selector) => {
    const button = stage.querySelector(selector);
    if (button) button.click();
  };

  const keys = {
    Escape: startOver,
    F2: switchSound,
    F8: () => press("[data-undo]"),
    ArrowUp: () => stepUses(1),
    ArrowDown: () => stepUses(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (!isDesk || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      return act();
    }
    // A scanner types wherever the cursor is: bring it home before the letter lands.
    const busy = event.target.closest && event.target.closest("button, a, summary, input, select");
    if (event.key.length === 1 && event.target !== entry && !(busy && event.key === " ") && !event.target.matches("#stage input")) entry.focus();
  });

  const away = document.querySelector(".wedge-away");
  if (isDesk && away) {
    const look = () => away.classList.toggle("shown", !document.hasFocus() || !isTyped(document.activeElement));
    for (const name of ["focus", "blur"]) window.addEventListener(name, () => setTimeout(look, 60));
    document.addEventListener("focusin", look);
    document.addEventListener("focusout", () => setTimeout(look, 60));
    window.addEventListener("focus", () => isTyped(document.activeElement) || entry.focus());
    document.addEventListener("click", (event) => {
      if (!event.target.closest("button, a, summary, input, select, label")) entry.focus();
    });
    look();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-sound]")) return switchSound();
    if (event.target.closest("#stage [data-next]")) {
      event.preventDefault();
      startOver();
    }
  });

  // A failure of the network is a verdict too: nothing is known, and the same nonce asks again.
  const complain = (words) => {
    const note = document.createElement("p");
    note.className = "note note-bad";
    note.setAttribute("role", "alert");
    note.textContent = words;
    for (const old of form.querySelectorAll(".note-bad")) old.remove();
    stage.prepend(note);
    say("refused");
  };
  // What was sent stands marked in the field: Enter sends it again, another scan takes its place.
  const lose = () => {
    complain(form.dataset.away);
    if (sent === null) return;
    entry.value = sent;
    if (sent && isDesk) entry.select();
    typed = "";
    composedIn = null;
    sent = null;
    scanned = false;
  };
  for (const lost of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(lost, lose);
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 403) {
      complain(form.dataset.expired);
      setTimeout(() => location.reload(), 1500);
    } else lose();
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (kind() !== "idle") say(kind());
    settle();
    takeUp();
  });

  if ("serviceWorker" in navigator) navigator.serviceWorker.register(form.dataset.worker).catch(() => {});

  markSound();
  settle();
})();
