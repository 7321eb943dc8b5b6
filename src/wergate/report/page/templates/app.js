(async () => {
  "use strict";
  const { html, render, useEffect, useMemo, useRef, useState } = window.htmPreact;
  const PAGE = 50;
  const SPACE = /(?:[^\S\ufeff]|[\x1c-\x1f\x85])+/; // as the gate splits words
  const CHANGES = {
    all: "all",
    changed: "changed",
    worse: "worse",
    better: "better",
    tie: "near-tie",
  };
  const DEFAULTS = { v: "", c: "", f: "all", q: "", min: "", max: "", g: "", u: "", p: "0" };

  async function load() {
    const packed = atob(document.getElementById("data").textContent);
    const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  const sum = (counts) => counts[0] + counts[1] + counts[2];
  const split = (text) => text.split(SPACE).filter(Boolean);
  const words = (part) => split(part.w ?? part.t);
  const seconds = (value) => `${value.toFixed(1)} s`;
  const signed = (value) => (value > 0 ? `+${value}` : value < 0 ? `\u2212${-value}` : "0");

  /* What is compared: a variant with the reference model, or with itself in another run. */
  const before = (row, own) => own.r ?? row.r;
  const after = (row, own) => own.h ?? before(row, own);

  /* The utterances of one variant, the worst first. */
  function ranked(data, variant) {
    const found = [];
    data.rows.forEach((row, number) => {
      const own = row.v[variant];
      if (!own) return;
      const first = before(row, own);
      const wrote = after(row, own);
      const then = sum(first.e);
      const now = sum(wrote.e);
      const size = Math.max(1, first.a.replaceAll("I", "").length);
      found.push({
        row, own, first, wrote, then, now, number,
        added: now - then,
        share: (now - then) / size,
        changed: Boolean(own.h),
        text: [row.i, row.t, first.t, own.h ? own.h.t : ""].join("\n").toLowerCase(),
      });
    });
    return found.sort((a, b) => b.added - a.added || b.share - a.share || b.changed - a.changed || a.number - b.number);
  }

  function filtered(list, state) {
    const wanted = state.q.trim().toLowerCase();
    const min = state.min === "" ? -Infinity : Number(state.min);
    const max = state.max === "" ? Infinity : Number(state.max);
    const keeps = {
      all: () => true,
      changed: (one) => one.changed,
      worse: (one) => one.added > 0,
      better: (one) => one.added < 0,
      tie: (one) => Boolean(one.own.n),
    }[state.f];
    return list.filter(
      (one) =>
        (state.c === "" || one.row.c === Number(state.c)) &&
        one.row.d >= min && one.row.d <= max && keeps(one) && (wanted === "" || one.text.includes(wanted)),
    );
  }

  /* What a recognizer wrote for each word of the reference, and in the gaps between them. */
  function placed(reference, part) {
    const found = { words: [], gaps: Array.from({ length: reference.length + 1 }, () => []) };
    const written = words(part);
    let next = 0;
    for (const letter of part.a) {
      if (letter === "I") {
        found.gaps[found.words.length].push({ letter, word: written[next++] });
      } else {
        const expected = reference[found.words.length];
        found.words.push({ letter, word: letter === "D" ? expected : written[next++] });
      }
    }
    return found;
  }

  function columns(one) {
    const reference = words(one.row);
    const sides = [placed(reference, one.first), placed(reference, one.wrote)];
    const found = [];
    for (let place = 0; place <= reference.length; place++) {
      const most = Math.max(sides[0].gaps[place].length, sides[1].gaps[place].length);
      for (let number = 0; number < most; number++) {
        found.push({ said: "", cells: sides.map((side) => side.gaps[place][number] ?? null) });
      }
      if (place < reference.length) found.push({ said: reference[place], cells: sides.map((side) => side.words[place]) });
    }
    return found;
  }

  function wrapped(found, room) {
    const lines = [];
    let line = [];
    let used = 0;
    for (const column of found) {
      const lengths = column.cells.map((cell) => (cell ? cell.word.length + (cell.letter === "E" ? 0 : 2) : 0));
      const width = Math.max(column.said.length, ...lengths) + 1.5;
      if (line.length && used + width > room) {
        lines.push(line);
        line = [];
        used = 0;
      }
      line.push({ ...column, long: width > room });
      used += width;
    }
    if (line.length) lines.push(line);
    return lines;
  }

  function Cell({ cell, long }) {
    const kind = long ? "long" : "";
    if (!cell) return html`<td class=${kind}></td>`;
    const shown = {
      E: () => cell.word,
      S: () => html`<mark title="substitution">${cell.word}<b>S</b></mark>`,
      D: () => html`<del title="deletion">${cell.word}<b>D</b></del>`,
      I: () => html`<ins title="insertion">${cell.word}<b>I</b></ins>`,
    }[cell.letter]();
    return html`<td class=${kind} dir="auto">${shown}</td>`;
  }

  function Aligned({ one, engine, subject }) {
    const box = useRef(null);
    const [room, setRoom] = useState(0);
    useEffect(() => {
      const measure = () => setRoom(Math.max(8, Math.floor((box.current.clientWidth - 90) / 9.2)));
      measure();
      const watch = new ResizeObserver(measure);
      watch.observe(box.current);
      return () => watch.disconnect();
    }, []);
    const lines = room ? wrapped(columns(one), room) : [];
    const rows = [["said", null], [engine, 0], [subject, 1]];
    return html`<div ref=${box} class="alignment">
      ${room > 0 && !lines.length ? html`<p class="muted">No recognizer wrote anything, and nothing was said.</p>` : null}
      ${lines.map(
        (line, number) => html`<div class="wide" key=${number}><table class="lines3">
          <caption class="sr">Part ${number + 1} of ${lines.length}</caption>
          <tbody>${rows.map(
            ([name, side]) => html`<tr key=${name + side} data-side=${name}>
              <th scope="row">${name}</th>
              ${line.map((column) =>
                side === null
                  ? html`<td dir="auto" class=${column.long ? "long" : ""}>${column.said}</td>`
                  : html`<${Cell} cell=${column.cells[side]} long=${column.long} />`,
              )}
            </tr>`,
          )}</tbody>
        </table></div>`,
      )}
    </div>`;
  }

  /* One audio element for the whole page; its source is made of the page itself. */
  const sound = new Audio();
  sound.id = "sound";
  let source = null;
  function choose(number) {
    if (source === number) return;
    if (sound.src) URL.revokeObjectURL(sound.src);
    const part = document.getElementById(`audio-${number}`);
    const bytes = Uint8Array.from(atob(part.textContent), (character) => character.charCodeAt(0));
    sound.src = URL.createObjectURL(new Blob([bytes], { type: part.dataset.type }));
    source = number;
  }
  function toggle(number) {
    const same = source === number;
    choose(number);
    if (same && !sound.paused) sound.pause();
    else sound.play().catch(() => {});
  }

  function wavePath(peaks, from, to) {
    const top = Math.max(1, ...peaks);
    const parts = [];
    for (let number = from; number < to; number++) {
      const half = 1 + (47 * peaks[number]) / top;
      parts.push(`M${number + 0.5} ${(50 - half).toFixed(1)}V${(50 + half).toFixed(1)}`);
    }
    return parts.join("");
  }

  function Player({ row }) {
    const [, redraw] = useState(0);
    useEffect(() => {
      const events = ["timeupdate", "play", "pause", "ended", "loadedmetadata", "emptied"];
      const again = () => redraw((count) => count + 1);
      events.forEach((name) => sound.addEventListener(name, again));
      return () => events.forEach((name) => sound.removeEventListener(name, again));
    }, []);
    if (row.a === undefined) return html`<p class="muted">No player: ${row.y ?? "this page has no recording of it"}.</p>`;
    const mine = source === row.a;
    const total = mine && Number.isFinite(sound.duration) ? sound.duration : row.d;
    const at = mine ? sound.currentTime : 0;
    const playing = mine && !sound.paused;
    const peaks = row.p ?? [];
    const passed = Math.round((peaks.length * at) / total);
    const seek = (time) => {
      choose(row.a);
      sound.currentTime = Math.min(total, Math.max(0, time));
      redraw((count) => count + 1);
    };
    const onClick = (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      seek((total * (event.clientX - box.left)) / box.width);
    };
    const onKeyDown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      seek(at + step);
    };
    return html`<div class="player">
      <button class="play" aria-label=${playing ? "Pause" : "Play"} onClick=${() => toggle(row.a)}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d=${playing ? "M3 2h3.5v12H3zM9.5 2H13v12H9.5z" : "M4 1.8v12.4L14 8z"} />
        </svg>
      </button>
      <div class="wave" role="slider" tabindex="0" aria-label="Position" aria-valuemin="0" aria-valuemax=${total.toFixed(1)}
        aria-valuenow=${at.toFixed(1)} aria-valuetext=${seconds(at)} onClick=${onClick} onKeyDown=${onKeyDown}>
        <svg viewBox=${`0 0 ${Math.max(1, peaks.length)} 100`} preserveAspectRatio="none" aria-hidden="true">
          <path d=${wavePath(peaks, passed, peaks.length)} /><path class="done" d=${wavePath(peaks, 0, passed)} />
        </svg>
      </div>
      <span class="time">${at.toFixed(1)} / ${seconds(total)}</span>
    </div>`;
  }

  function Details({ one, engine, subject }) {
    const { row, own } = one;
    const counts = (part) => `${sum(part.e)} (S ${part.e[0]}, D ${part.e[1]}, I ${part.e[2]})`;
    const sqnr = own.q === undefined || own.q === null ? "identical logits" : `${own.q.toFixed(1)} dB`;
    const facts = [
      [`errors of ${engine}`, counts(one.first)],
      [`errors of ${subject}`, counts(one.wrote)],
      ["change", signed(one.added)],
      ["duration", seconds(row.d)],
      ...(own.f === undefined ? [] : [["SQNR", sqnr], ["frames with another label", own.f]]),
      ...(own.n ? [["near-tie", "yes: both labels were almost equally likely"]] : []),
      ...(row.s ? [["speaker", row.s]] : []),
    ];
    return html`<div class="open-one" id="open-utterance">
      <${Player} row=${row} key=${row.i} />
      <${Aligned} one=${one} engine=${engine} subject=${subject} />
      <dl class="meta">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      <p><a href=${address({ ...DEFAULTS, u: row.i })}>Link to this utterance</a></p>
    </div>`;
  }

  function address(state) {
    const given = Object.entries(state).filter(([key, value]) => value !== DEFAULTS[key]);
    return `#${given.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&")}`;
  }

  /* The state in the address; null for a link to a section. */
  function fromAddress() {
    const text = window.location.hash.slice(1);
    if (text !== "" && !text.includes("=")) return null;
    const state = { ...DEFAULTS };
    for (const part of text.split("&")) {
      const [key, ...rest] = part.split("=");
      if (key in DEFAULTS) {
        try {
          state[key] = decodeURIComponent(rest.join("="));
        } catch {
          state[key] = rest.join("=");
        }
      }
    }
    if (!(state.f in CHANGES)) state.f = "all";
    return state;
  }

  function Help({ dialog }) {
    const keys = [["j", "next utterance"], ["k", "previous utterance"], ["space", "play or pause"], ["/", "search"], ["?", "this help"]];
    return html`<dialog ref=${dialog} aria-labelledby="help-h">
      <h3 id="help-h">Keys</h3>
      <dl>${keys.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
      <button class="btn" onClick=${() => dialog.current.close()}>Close</button>
    </dialog>`;
  }

  function Browser({ data }) {
    const [state, setState] = useState(() => fromAddress() ?? { ...DEFAULTS });
    const [focus, setFocus] = useState(0);
    const search = useRef(null);
    const dialog = useRef(null);
    const latest = useRef(state);
    latest.current = state;
    const worst = useMemo(() => {
      const total = (name) => ranked(data, name).reduce((count, one) => count + Math.max(0, one.added), 0);
      return [...data.variants].sort((a, b) => total(b.name) - total(a.name))[0].name;
    }, []);
    const holder = state.u ? data.rows.find((row) => row.i === state.u) : undefined;
    const worstIn = (row) => {
      const names = Object.keys(row.v);
      const errors = (name) => sum(after(row, row.v[name]).e);
      return names.reduce((best, name) => (errors(name) > errors(best) ? name : best), names.includes(worst) ? worst : names[0]);
    };
    const known = data.variants.some((one) => one.name === state.v);
    const variant = known ? state.v : holder ? worstIn(holder) : worst;
    const list = useMemo(() => ranked(data, variant), [variant]);
    const found = useMemo(() => filtered(list, state), [list, state.c, state.f, state.q, state.min, state.max]);
    const subject = data.sides ? data.sides[1] : data.variants.find((one) => one.name === variant).subject;
    const place = found.findIndex((one) => one.row.i === state.u);
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    const page = place >= 0 ? Math.floor(place / PAGE) : Math.min(pages - 1, Math.max(0, Number(state.p) || 0));
    const shown = found.slice(page * PAGE, (page + 1) * PAGE);

    const go = (change, replace = false) => {
      const next = { ...latest.current, ...change };
      const method = replace ? "replaceState" : "pushState";
      window.history[method](null, "", address(next) === "#" ? "#utterances" : address(next));
      latest.current = next;
      setState(next);
    };
    const filter = (change, replace) => go({ u: "", p: "0", g: "", ...change }, replace);
    const open = (id) => {
      go({ u: id, v: variant });
      setFocus((count) => count + 1);
    };

    useEffect(() => {
      const restore = () => {
        const next = fromAddress();
        if (!next) return;
        const same = next.u === latest.current.u;
        setState(next);
        if (next.u && !same) setFocus((count) => count + 1);
      };
      window.addEventListener("popstate", restore);
      window.addEventListener("hashchange", restore);
      if (latest.current.u) setFocus(1);
      return () => {
        window.removeEventListener("popstate", restore);
        window.removeEventListener("hashchange", restore);
      };
    }, []);

    useEffect(() => {
      const follow = (event) => {
        const link = event.target.closest("a[data-gate]");
        if (!link) return;
        const gate = data.gates.find((one) => one.number === Number(link.dataset.gate));
        if (!gate) return;
        event.preventDefault();
        filter({ v: gate.variant, c: gate.cell < 0 ? "" : String(gate.cell), f: gate.change, g: String(gate.number), q: "", min: "", max: "" });
        document.getElementById("utterances").scrollIntoView();
      };
      document.addEventListener("click", follow);
      return () => document.removeEventListener("click", follow);
    }, []);

    useEffect(() => {
      if (!focus) return;
      const row = document.querySelector(".row[aria-expanded=true]");
      if (!row) return;
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
      const rest = document.getElementById("open-utterance");
      if (rest && rest.getBoundingClientRect().bottom > window.innerHeight) row.scrollIntoView({ block: "start" });
    }, [focus, state.u]);

    useEffect(() => {
      const onKey = (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
        const now = found.findIndex((one) => one.row.i === latest.current.u);
        if (event.key === "j" || event.key === "k") {
          const next = found[now < 0 ? 0 : now + (event.key === "j" ? 1 : -1)];
          if (next) open(next.row.i);
        } else if (event.key === "/") {
          search.current.focus();
        } else if (event.key === "?") {
          dialog.current.showModal();
        } else if (event.key === " " && now >= 0 && found[now].row.a !== undefined && !event.target.closest(".play, summary, a, .btn")) {
          toggle(found[now].row.a);
        } else {
          return;
        }
        event.preventDefault();
      };
      const onKeyUp = (event) => {
        if (event.key === " " && event.target.closest(".row[aria-expanded=true]")) event.preventDefault();
      };
      document.addEventListener("keydown", onKey);
      document.addEventListener("keyup", onKeyUp);
      return () => {
        document.removeEventListener("keydown", onKey);
        document.removeEventListener("keyup", onKeyUp);
      };
    }, [found, variant]);

    const field = (key) => ({ value: state[key], onInput: (event) => filter({ [key]: event.target.value }, true) });
    const choice = (key) => ({ value: state[key], onChange: (event) => filter({ [key]: event.target.value }) });
    const chooseGate = (event) => {
      const gate = data.gates.find((one) => String(one.number) === event.target.value);
      if (gate) filter({ v: gate.variant, c: gate.cell < 0 ? "" : String(gate.cell), f: gate.change, g: String(gate.number) });
      else filter({});
    };
    const errors = found.reduce((count, one) => [count[0] + one.then, count[1] + one.now], [0, 0]);
    return html`
      <div class="tools" role="search" aria-label="Filters">
        <label>Variant<select value=${variant} onChange=${(event) => filter({ v: event.target.value })}>
          ${data.variants.map((one) => html`<option key=${one.name} value=${one.name}>${one.subject}</option>`)}
        </select></label>
        <label>Corpus<select ...${choice("c")}>
          <option value="">all</option>
          ${data.cells.map((cell, number) => html`<option key=${number} value=${String(number)}>${cell.corpus}${data.cells.some((other) => other.model !== cell.model) ? ` (${cell.model})` : ""}</option>`)}
        </select></label>
        <label>Show<select ...${choice("f")}>
          ${Object.entries(CHANGES).map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}
        </select></label>
        ${data.gates.length ? html`<label>Gate<select value=${state.g} onChange=${chooseGate}>
          <option value="">any</option>
          ${data.gates.map((gate) => html`<option key=${gate.number} value=${String(gate.number)}>${gate.label}</option>`)}
        </select></label>` : null}
        <label>At least, s<input type="number" min="0" step="0.5" ...${field("min")} /></label>
        <label>At most, s<input type="number" min="0" step="0.5" ...${field("max")} /></label>
        <label class="grow">Text or id<input type="search" ref=${search} ...${field("q")} /></label>
        <button class="btn" onClick=${() => dialog.current.showModal()}>Keys</button>
      </div>
      <div class="status"><span role="status">${found.length.toLocaleString("en")} of ${list.length.toLocaleString("en")} utterances, most errors added first</span>
        <span>errors: ${errors[0].toLocaleString("en")} before, ${errors[1].toLocaleString("en")} with ${subject}</span></div>
      <ul class="list">
        ${shown.map((one) => {
          const isOpen = one.row.i === state.u;
          const kind = one.added > 0 ? "worse" : one.added < 0 ? "better" : "same";
          const engine = data.sides ? data.sides[0] : data.cells[one.row.c].engine;
          return html`<li key=${one.row.i} data-id=${one.row.i}>
            <button class="row" aria-expanded=${isOpen ? "true" : "false"} onClick=${() => (isOpen ? go({ u: "" }) : open(one.row.i))}>
              <span class="plus ${kind}">${one.added || one.changed ? signed(one.added) : "="}<span class="sr"> ${one.added ? "errors" : one.changed ? "errors, other text" : "same text"}</span></span>
              <span class="id" dir="auto">${one.row.i}</span>
              <span class="say" dir="auto">${one.row.t || "(nothing said)"}</span>
              <span class="len">${seconds(one.row.d)}</span>
            </button>
            ${isOpen ? html`<${Details} one=${one} engine=${engine} subject=${subject} />` : null}
          </li>`;
        })}
      </ul>
      ${found.length ? null : html`<p>No utterance fits these filters.</p>`}
      ${pages > 1 ? html`<div class="pages">
        <button class="btn" disabled=${page === 0} onClick=${() => go({ u: "", p: String(page - 1) })}>Previous</button>
        <span>page ${page + 1} of ${pages}</span>
        <button class="btn" disabled=${page >= pages - 1} onClick=${() => go({ u: "", p: String(page + 1) })}>Next</button>
      </div>` : null}
      <${Help} dialog=${dialog} />`;
  }

  const root = document.getElementById("browser");
  const data = await load();
  root.textContent = "";
  const hasAudio = document.querySelector("script[data-type]") !== null;
  if (hasAudio) root.after(sound);
  render(html`<${Browser} data=${data} />`, root);
  performance.mark("usable");
  root.dataset.ready = "true";
})();
