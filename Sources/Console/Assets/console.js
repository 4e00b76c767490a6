// The console works without this: it makes things quicker. Nothing inline, no dependency.
"use strict";

// Buttons that copy: data-copy names the field, or the element, whose text is taken.
document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const text = "value" in source ? source.value : source.textContent;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    if ("select" in source) source.select();
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = label; }, 2000);
});

// The test of sign-in goes on in a window of its own, which can't be reached from here; this page asks how it went.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("[data-sign-in-test]") : null;
  if (!link) return;
  event.preventDefault();
  window.open(link.href, "_blank", "noopener,popup,width=560,height=760");
  const line = document.getElementById("sign-in-test");
  line.textContent = "Waiting for the test in the other window…";
  const { signInTest: attempt, status, page } = link.dataset;
  const begun = Date.now();
  clearInterval(Number(line.dataset.timer));
  line.dataset.timer = setInterval(async () => {
    const waited = Date.now() - begun;
    if (waited > 30000) line.textContent = "Nothing has come back yet. Does the login page send the browser to the callback address? You can close the window and try again.";
    if (waited > 600000) return clearInterval(Number(line.dataset.timer));
    try {
      const answer = await fetch(status, { headers: { "x-requested-with": "fetch" } });
      if (answer.redirected || !answer.ok || (await answer.json()).attempt !== attempt) location.assign(page);
    } catch {
      // The next question comes in a second.
    }
  }, 1000);
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
});

// Import of users: the file itself is the request's body, so that the browser streams it from the disk.
{
  const form = document.querySelector("[data-import]");
  const asked = { headers: { "x-requested-with": "fetch" }, cache: "no-store" };
  const number = (value) => value.toLocaleString("en").replaceAll(",", "\u2009");

  const start = (address) => {
    const file = form.querySelector("input[type=file]").files[0];
    const isTrial = form.querySelector("[name=mode]:checked").value === "dry";
    const bar = form.querySelector("progress");
    const label = form.querySelector("[data-import-label]");
    label.textContent = isTrial ? "Reading" : "Reading and writing";
    const status = form.querySelector("[data-import-status]");
    const request = new XMLHttpRequest();
    // What has been read, not what was sent: much is on its way in between.
    let bytes = 0;
    let rows = 0;
    let isOver = false;
    const show = () => {
      const part = file.size ? Math.floor(100 * bytes / file.size) : 100;
      const text = `${part} % of ${number(Math.ceil(file.size / 1000))} kB, ${number(rows)} rows`;
      if (status.textContent !== text) status.textContent = text;
      bar.value = file.size ? bytes / file.size : 1;
    };
    const over = () => {
      if (isOver) return;
      isOver = true;
      removeEventListener("beforeunload", stay);
      location.assign(address);
    };
    const stay = (event) => event.preventDefault();
    const poll = async () => {
      if (isOver) return;
      try {
        const answer = await fetch(address, asked);
        if (answer.ok) ({ bytes, read: rows } = await answer.json());
        show();
      } catch { /* The next one may come through. */ }
      setTimeout(poll, 700);
    };
    request.open("POST", `${address}?dry_run=${isTrial ? "yes" : "no"}&file=${encodeURIComponent(file.name.slice(0, 80))}`);
    request.setRequestHeader("x-csrf-token", form.dataset.csrf);
    request.setRequestHeader("x-requested-with", "fetch");
    request.setRequestHeader("content-type", "text/csv");
    request.addEventListener("loadend", over);
    form.querySelector("[data-import-cancel]").addEventListener("click", async () => {
      label.textContent = "Stopping";
      try {
        await fetch(`${address}/cancel`, {
          ...asked, method: "POST", body: new URLSearchParams({ csrf: form.dataset.csrf }), redirect: "manual",
        });
      } catch { /* Then the connection's end stops it. */ }
      request.abort();
    });
    addEventListener("beforeunload", stay);
    for (const part of form.querySelectorAll("input, .button.primary")) part.disabled = true;
    form.querySelector("[data-import-progress]").hidden = false;
    show();
    request.send(file);
    setTimeout(poll, 300);
  };

  if (form) {
    form.hidden = false;
    document.querySelector("[data-import-without]").hidden = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      start(form.dataset.import);
    });
  }

  // The page of an import that goes on looks again until it has ended.
  const watched = document.querySelector("[data-import-watch]");
  const watch = async () => {
    try {
      const answer = await fetch(watched.dataset.importWatch, asked);
      if (!answer.ok || !(await answer.json()).running) return location.reload();
    } catch { /* The next one may come through. */ }
    setTimeout(watch, 700);
  };
  if (watched) setTimeout(watch, 500);
}

// The token log, live: data-follow is where rows after data-newest come from, rendered by the server as the page's own.
for (const button of document.querySelectorAll("[data-follow]")) {
  const rows = document.getElementById(button.dataset.rows);
  const status = document.getElementById(button.dataset.status);
  if (!rows || !status) continue;
  const most = 500;
  let timer, run = 0, seen = 0;
  button.hidden = false;

  const stop = (words) => {
    clearTimeout(timer);
    run += 1;
    button.setAttribute("aria-pressed", "false");
    button.textContent = "Follow live";
    status.textContent = words;
  };
  const look = async (own) => {
    const again = (delay) => { timer = setTimeout(look, delay, own); };
    // Nobody looks: the session isn't kept alive by it either.
    if (document.hidden) return again(2000);
    const address = new URL(button.dataset.follow, location.href);
    address.searchParams.set("after", button.dataset.newest);
    let answer, text;
    try {
      // A redirect leads to sign-in: there is no session any more.
      answer = await fetch(address, { headers: { "x-requested-with": "fetch" }, redirect: "manual" });
      text = await answer.text();
    } catch {
      if (own !== run) return;
      status.textContent = "The gateway doesn't answer. Trying again.";
      return again(10000);
    }
    if (own !== run) return;
    const found = answer.ok && new DOMParser().parseFromString(text, "text/html").querySelector("table");
    if (!found) return stop("Following has ended. Reload this page to go on.");
    button.dataset.newest = found.dataset.newest;
    const fresh = [...found.querySelectorAll("tbody > tr")].map((row) => document.adoptNode(row));
    for (const row of fresh) row.classList.add("is-new");
    rows.prepend(...fresh);
    while (rows.children.length > most) rows.lastElementChild.remove();
    if (fresh.length) {
      document.getElementById("log-empty")?.remove();
      rows.closest(".table").classList.remove("is-empty");
      seen += fresh.length;
    }
    status.textContent = "Following: " + (seen ? seen + (seen === 1 ? " new row." : " new rows.") : "waiting for tokens.");
    again(2000);
  };
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-pressed") === "true") return stop(seen ? "Stopped: " + seen + " new." : "");
    button.setAttribute("aria-pressed", "true");
    button.textContent = "Stop following";
    look(run);
  });
}
