"""firefox_pages.py FOLDER: writes the pages of the recipe firefox-session into FOLDER, from a fixed seed.

Each page has a button #work; its script's work(round) may be asynchronous. The page counts the rounds in its root's
data-done, and keeps the text of an error in data-error.
"""
import os
import random
import sys

rng = random.Random(12)
words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 10))) for _ in range(1500)]

COMMON = """
let state = 7;
const random = n => (state = (state * 48271) % 2147483647) % n;
const words = WORDS;
const text = n => Array.from({ length: n }, () => words[random(words.length)]).join(" ");
const $ = id => document.getElementById(id);
const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
const data = document.documentElement.dataset;
data.done = 0;
addEventListener("error", event => data.error = event.message);
addEventListener("unhandledrejection", event => data.error = String(event.reason));
addEventListener("load", () => $("work").onclick = async () => {
    await work(Number(data.done));
    await frame();
    data.done++;
});
"""

STYLE = """
body { font: 15px sans-serif; margin: 8px } #work { position: fixed; right: 8px; top: 8px; z-index: 9 }
""" + "".join(f".c{i} {{ color: rgb({rng.randrange(200)},{rng.randrange(200)},{rng.randrange(200)}); "
              f"padding: {rng.randrange(6)}px; border-radius: {rng.randrange(9)}px }}\n" for i in range(120))


def text(count):
    return " ".join(rng.choices(words, k=count))


def article():
    parts = []
    for section in range(40):
        parts.append(f"<h2 id=s{section}>{text(5)}</h2>")
        for _ in range(6):
            parts.append(f"<p class=c{rng.randrange(120)}>{text(60)} <a href='#s{rng.randrange(40)}'>{text(2)}</a> "
                         f"<em>{text(6)}</em> {text(40)} <code>{text(3)}</code> {text(20)}</p>")
        parts.append("<ul>" + "".join(f"<li>{text(7)}</li>" for _ in range(8)) + "</ul><blockquote>" + text(50)
                     + "</blockquote>")
    return "".join(parts), """
function work(round) {
    for (const paragraph of document.querySelectorAll("p")) {
        if ((paragraph.textContent.length + round) % 3 === 0)
            paragraph.innerHTML = paragraph.innerHTML.replace(words[round], `<mark>${words[round]}</mark>`)
                .replace(/<em>/g, "<em class=c9>");
        paragraph.style.columnCount = 1 + (paragraph.textContent.length + round) % 3;
    }
    document.body.offsetHeight;
}"""


def table():
    head = "<tr>" + "".join(f"<th>{text(1)}</th>" for _ in range(9)) + "</tr>"
    rows = "".join("<tr>" + "".join(f"<td class=c{rng.randrange(120)}>{text(1)} {rng.randrange(10000)}</td>" for _ in range(9))
                   + "</tr>" for _ in range(500))
    return f"<table><thead>{head}</thead><tbody id=rows>{rows}</tbody></table>", """
function work(round) {
    const rows = [...$("rows").rows];
    rows.sort((a, b) => a.cells[round].textContent < b.cells[round].textContent ? -1 : 1);
    $("rows").append(...rows);
    for (let i = 0; i < 150; i++) {
        const row = $("rows").insertRow(random(500));
        for (let cell = 0; cell < 9; cell++)
            row.insertCell().textContent = text(1) + " " + random(10000);
        $("rows").rows[random(500)].remove();
    }
}"""


def images():
    svg = "".join(f"<img alt='' width=90 src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 60 60'>"
                  + "".join(f"<circle cx='{rng.randrange(60)}' cy='{rng.randrange(60)}' r='{rng.randrange(2, 20)}' "
                            f"fill='hsl({rng.randrange(360)} 60% 50%)'/>" for _ in range(12))
                  + "</svg>\">" for _ in range(60))
    return f"<div id=images></div><div>{svg}</div>", """
const addresses = [];
async function work(round) {
    for (const address of addresses.splice(0))
        URL.revokeObjectURL(address);
    $("images").replaceChildren();
    for (let i = 0; i < 40; i++) {
        const canvas = document.createElement("canvas");
        canvas.width = 60 + random(400);
        canvas.height = 60 + random(300);
        const drawing = canvas.getContext("2d");
        for (let n = 0; n < 60; n++) {
            const gradient = drawing.createLinearGradient(0, 0, random(400), random(300));
            gradient.addColorStop(0, `hsl(${random(360)} 60% 50%)`);
            gradient.addColorStop(1, `hsla(${random(360)} 60% 50% / 0.5)`);
            drawing.fillStyle = gradient;
            drawing.beginPath();
            drawing.arc(random(400), random(300), 2 + random(80), 0, 6.3);
            drawing.fill();
            drawing.fillText(text(2), random(300), random(300));
        }
        const blob = await new Promise(resolve => canvas.toBlob(resolve, i % 3 ? "image/png" : "image/jpeg"));
        addresses.push(URL.createObjectURL(blob));
        const image = new Image(canvas.width / 2);
        image.src = i % 5 ? addresses.at(-1) : canvas.toDataURL();
        await image.decode();
        $("images").append(image);
    }
}"""


def application():
    return "<input id=filter><ul id=list></ul><div id=status></div>", """
let tasks = [];
/* Redraws what differs between the tasks and their elements, as the frameworks do. */
function draw() {
    const list = $("list");
    tasks.forEach((task, place) => {
        let item = list.children[place];
        if (!item) {
            item = document.createElement("li");
            item.innerHTML = "<label><input type=checkbox> <span></span></label> <button class=drop>x</button> <time></time>";
            item.addEventListener("click", () => task.clicked = true);
            list.append(item);
        }
        const [box, label] = [item.querySelector("input"), item.querySelector("span")];
        if (box.checked !== task.done)
            box.checked = task.done;
        if (label.textContent !== task.text)
            label.textContent = task.text;
        item.className = `c${task.number % 120} ${task.done ? "done" : "open"}`;
        item.querySelector("time").textContent = new Date(task.number * 1e9).toISOString();
    });
    while (list.children.length > tasks.length)
        list.lastChild.remove();
    $("status").textContent = `${tasks.filter(task => !task.done).length} of ${tasks.length}`;
}
async function work(round) {
    for (let step = 0; step < 8; step++) {
        for (let i = 0; i < 60; i++)
            tasks.splice(random(tasks.length + 1), 0, { number: random(900), text: text(3), done: false });
        tasks = tasks.filter(() => random(10) > 0).map(task => random(4) ? task : { ...task, done: !task.done });
        draw();
        await frame();
    }
}"""


def animation():
    boxes = "".join(f"<div class='box c{i % 120}' style='left:{rng.randrange(1200)}px;top:{rng.randrange(700)}px;animation-delay:"
                    f"{rng.random():.2f}s'>{text(1)}</div>" for i in range(24))
    return f"""<style>
.box {{ position: absolute; background: #8888; animation: turn 1.5s 4 alternate }}
@keyframes turn {{ to {{ transform: rotate(1turn) scale(1.5); background: #f808 }} }}
</style>{boxes}""", """
async function work(round) {
    const boxes = [...document.querySelectorAll(".box")];
    const running = boxes.filter((_, i) => i % 4 === round % 4).map(box => box.animate(
        [{ translate: "0 0", opacity: 1 }, { translate: `${random(300)}px ${random(200)}px`, opacity: 0.3 }, { translate: "0 0" }],
        { duration: 300 + random(500), easing: "ease-in-out" }));
    for (let step = 0; step < 30; step++) {
        for (const box of boxes.slice(0, 12))
            box.style.left = random(1200) + "px";
        boxes[random(24)].textContent = text(2);
        await frame();
    }
    await Promise.all(running.map(animation => animation.finished));
}"""


def form():
    fields = "".join(f"<p><label>{text(2)} <input id=field{i} required pattern='[a-z ,]*' placeholder='{text(2)}'></label> "
                     f"<select>{''.join(f'<option>{text(1)}' for _ in range(30))}</select> <input type=range> "
                     f"<input type=date> <input type=checkbox></p>" for i in range(60))
    return f"<form id=form><fieldset>{fields}<textarea id=note rows=8 cols=70></textarea></fieldset></form>", """
function work(round) {
    const data = [];
    for (const field of document.querySelectorAll("input, select, textarea")) {
        field.focus();
        if (field.type === "select-one")
            field.selectedIndex = random(30);
        else if (field.type === "checkbox")
            field.checked = !field.checked;
        else if (field.type === "date")
            field.value = `20${10 + random(80)}-0${1 + random(9)}-1${random(9)}`;
        else if (field.type === "text" || field.id === "note")
            for (const word of text(4).split(" "))
                field.setRangeText(word + (random(9) ? " " : "1"), 0, random(3), "end");
        field.dispatchEvent(new Event("change", { bubbles: true }));
        data.push(field.checkValidity(), field.validationMessage);
    }
    $("note").value = JSON.stringify([...new FormData($("form"))].concat(data.slice(0, 100)));
}"""


def endless_list():
    return "<div id=list></div><div id=end>more</div>", """
function more(count) {
    const part = document.createDocumentFragment();
    for (let i = 0; i < count; i++) {
        const item = document.createElement("section");
        item.innerHTML = `<h3 class=c${random(120)}>${text(4)}</h3><p>${text(30)}</p>
            <small>${text(3)} <a href="#${random(1e6)}">${text(1)}</a></small>`;
        part.append(item);
    }
    $("list").append(part);
}
new IntersectionObserver(entries => entries[0].isIntersecting && more(30)).observe($("end"));
async function work(round) {
    for (let step = 0; step < 4; step++) {
        scrollTo(0, document.body.scrollHeight);
        await frame();
        await frame();
        if ($("list").children.length > 250)
            for (let i = 0; i < 120; i++)
                $("list").firstChild.remove();
    }
}"""


def grid():
    cells = "".join(f"<div class='cell c{rng.randrange(120)}' style='grid-column:span {rng.randint(1, 3)};grid-row:span "
                    f"{rng.randint(1, 2)}'><b>{text(1)}</b> {text(rng.randint(1, 8))}</div>" for _ in range(450))
    return f"""<style>
#grid {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--wide, 90px), 1fr)); gap: 4px; grid-auto-flow: dense }}
.cell {{ border: 1px solid; overflow: hidden; container-type: inline-size }}
.cell:nth-child(3n) b::after {{ content: " " counter(n); counter-increment: n }}
@container (min-width: 150px) {{ b {{ font-size: 20px; letter-spacing: 1px }} }}
</style><div id=grid>{cells}</div>""", """
async function work(round) {
    const cells = [...document.querySelectorAll(".cell")];
    for (let step = 0; step < 8; step++) {
        $("grid").style.setProperty("--wide", 60 + random(120) + "px");
        for (const cell of cells)
            if (random(5) === 0)
                cell.style.gridColumn = "span " + (1 + random(4));
        for (let i = 0; i < 30; i++)
            $("grid").append(cells[random(450)]);
        await frame();
    }
}"""


def arrays():
    return "<canvas id=picture width=600 height=400></canvas><pre id=out></pre>", """
function sieve(most) {
    const holes = new Uint8Array(most);
    for (let i = 2; i * i < most; i++)
        for (let k = i * i; !holes[i] && k < most; k += i)
            holes[k] = 1;
    return holes.subarray(2).reduce((count, hole) => count + 1 - hole, 0);
}
function paint(round) {
    const drawing = $("picture").getContext("2d"), image = new ImageData(600, 400), pixels = new Uint32Array(image.data.buffer);
    for (let place = 0; place < pixels.length; place++) {
        const a = (place % 600) / 200 - 2, b = (place / 600 | 0) / 150 - 1.3;
        let x = 0, y = 0, n = 0;
        for (; n < 30 + round && x * x + y * y < 4; n++)
            [x, y] = [x * x - y * y + a, 2 * x * y + b];
        pixels[place] = 0xff000000 | n * 0x50a07;
    }
    drawing.putImageData(image, 0, 0);
}
async function sound() {
    const context = new OfflineAudioContext(2, 44100, 44100), mixer = context.createGain();
    mixer.connect(context.destination);
    for (let i = 0; i < 12; i++) {
        const buffer = context.createBuffer(1, 4410 + random(20000), 44100);
        buffer.getChannelData(0).forEach((_, n, samples) => samples[n] = Math.sin(n * (0.01 + i / 100)));
        const source = new AudioBufferSourceNode(context, { buffer, loop: true }), filter = context.createBiquadFilter();
        source.connect(filter).connect(mixer);
        source.start(i / 20);
    }
    return (await context.startRendering()).getChannelData(0).reduce((sum, sample) => sum + sample * sample, 0);
}
async function work(round) {
    paint(round);
    const parts = [];
    for (let i = 0; i < 60; i++) {
        const numbers = Float64Array.from({ length: 100 + random(20000) }, () => random(1e6));
        parts.push(numbers.sort().slice(0, 50), new Uint8Array(random(200000)).fill(i), structuredClone(numbers.subarray(0, 40)));
        if (parts.length > 60)
            parts.splice(0, 30);
    }
    const joined = await new Blob(parts).arrayBuffer(), moved = joined.transfer(joined.byteLength >> 1);
    const decoded = new TextDecoder().decode(new TextEncoder().encode(text(2000)));
    $("out").textContent = [sieve(500000), moved.byteLength, (await sound()).toFixed(3), decoded.length].join();
}"""


def records():
    return "<input id=query><pre id=out></pre>", """
async function work(round) {
    const records = Array.from({ length: 6000 }, (_, id) => ({
        id, name: text(2), tags: [text(1), text(1)], price: random(1e5) / 100, place: { x: random(999), y: random(999) },
    }));
    const json = JSON.stringify(records);
    const groups = Map.groupBy(JSON.parse(json), record => record.tags[0]);
    const money = new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }), order = new Intl.Collator("en");
    const lines = [...groups].sort((a, b) => order.compare(a[0], b[0])).map(([tag, group]) => {
        const names = group.map(record => record.name.replace(/(\\w)(\\w+)/g, "$2$1"));
        return `${tag.padEnd(12)} ${money.format(group.reduce((sum, record) => sum + record.price, 0))} ${names.join()}`;
    });
    const digest = await crypto.subtle?.digest("SHA-256", new TextEncoder().encode(json));
    const packed = await new Response(new Blob([json]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    const again = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    const items = records.slice(0, 1500).map(record => `<i n="${record.id}"><t>${record.name}</t></i>`);
    const document = new DOMParser().parseFromString(`<r>${items.join("")}</r>`, "text/xml");
    if (again !== json || document.querySelectorAll("i > t").length !== 1500)
        throw new Error("the records have changed on their way");
    $("out").textContent = lines.join("\\n") + structuredClone(groups).size + digest?.byteLength;
}"""


def workers():
    return "<pre id=out></pre>", """
const code = `
const index = new Map();
onmessage = ({ data }) => {
    for (const word of data.words)
        index.set(word + data.round, (index.get(word + data.round) ?? []).concat(data.words.length));
    const bytes = new Uint8Array(data.bytes), sums = new Float32Array(bytes.length >> 4).map((_, i) => bytes[i * 16] + bytes[i]);
    postMessage({ size: index.size, sums, bytes: data.bytes }, [sums.buffer, data.bytes]);
};`;
const address = URL.createObjectURL(new Blob([code]));
const ask = (worker, message) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(message, [message.bytes]);
});
async function work(round) {
    const all = Array.from({ length: 3 }, () => new Worker(address));
    const sizes = await Promise.all(all.map(async worker => {
        let size = 0;
        for (let turn = 0; turn < 25; turn++)
            ({ size } = await ask(worker, { round: turn, words: text(150).split(" "), bytes: new ArrayBuffer(1000 + random(100000)) }));
        worker.terminate();
        return size;
    }));
    $("out").textContent += sizes.join() + "\\n";
}"""


def frames():
    inner = " ".join(f"<p class=c{i}>{text(20)}</p>" for i in range(12))
    return "<div id=frames></div><template id=inner>" + inner + "</template>", """
async function work(round) {
    $("frames").replaceChildren();
    const loaded = Array.from({ length: 8 }, (_, i) => new Promise(resolve => {
        const frame = document.createElement("iframe");
        frame.width = 280;
        frame.onload = resolve;
        frame.srcdoc = `<!doctype html><style>p { color: hsl(${random(360)} 50% 40%) }</style>${$("inner").innerHTML}<script>
            const part = document.createElement("table");
            for (let i = 0; i < 120; i++) part.insertRow().insertCell().textContent = "row " + i * ${i};
            document.body.append(part);<\\/script>`;
        $("frames").append(frame);
    }));
    await Promise.all(loaded);
    for (const frame of document.querySelectorAll("iframe"))
        frame.contentWindow.scrollTo(0, 300);
}"""


def editor():
    paragraphs = "".join(f"<p>{text(40)} <b>{text(3)}</b> {text(12)}</p>" for _ in range(80))
    return f"<div id=editor contenteditable spellcheck=false>{paragraphs}</div><p id=count></p>", """
let changes = 0;
new MutationObserver(records => $("count").textContent = (changes += records.length) + " changes")
    .observe($("editor"), { childList: true, characterData: true, subtree: true });
async function work(round) {
    const editor = $("editor"), selection = getSelection();
    editor.focus();
    for (let step = 0; step < 45; step++) {
        const paragraph = editor.children[random(editor.children.length)], node = paragraph?.firstChild;
        if (!node)
            continue;
        const most = node.length ?? 0;
        selection.setBaseAndExtent(node, random(most + 1), node, most);
        const command = ["bold", "italic", "insertText", "delete", "insertParagraph", "undo", "createLink"][random(7)];
        document.execCommand(command, false, command === "createLink" ? "#a" : text(4));
        if (step % 15 === 0)
            await frame();
    }
    if (editor.children.length < 20)
        editor.innerHTML += Array.from({ length: 40 }, () => `<p>${text(40)}</p>`).join("");
}"""


def chart():
    return "<svg id=chart width=1100 height=500></svg><div id=cards></div>", """
customElements.define("a-card", class extends HTMLElement {
    connectedCallback() {
        const root = this.attachShadow({ mode: "open" });
        root.innerHTML = `<style>:host { display: inline-block; border: 1px solid } slot { font-weight: bold }</style>
            <slot></slot><i>${text(2)}</i>`;
    }
});
const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes)
        element.setAttribute(key, attributes[key]);
    return element;
};
async function work(round) {
    const series = Array.from({ length: 6 }, () => Array.from({ length: 90 }, (_, i) => [i * 12, 20 + random(450)]));
    $("chart").replaceChildren(...series.flatMap((points, n) => [
        make("path", { d: "M" + points.map(point => point.join(" ")).join("L"), fill: "none", stroke: `hsl(${n * 60} 60% 40%)` }),
        ...points.map(([cx, cy]) => make("circle", { cx, cy, r: 2 + random(5), class: "c" + random(120) })),
    ]));
    for (let step = 0; step < 6; step++) {
        for (const circle of $("chart").querySelectorAll("circle"))
            if (random(3) === 0)
                circle.setAttribute("cy", 20 + random(450));
        await frame();
    }
    $("cards").innerHTML = Array.from({ length: 250 }, () => `<a-card>${text(1)}</a-card>`).join(" ");
}"""


PAGES = {"article": article, "table": table, "images": images, "application": application, "animation": animation,
         "form": form, "list": endless_list, "grid": grid, "arrays": arrays, "records": records, "workers": workers,
         "frames": frames, "editor": editor, "chart": chart}


def main():
    folder = sys.argv[1]
    os.mkdir(folder)
    common = COMMON.replace("WORDS", "[" + ",".join(f'"{word}"' for word in words[:600]) + "]")
    for name, make in PAGES.items():
        body, script = make()
        with open(f"{folder}/{name}.html", "w", encoding="utf-8") as page:
            page.write(f"<!doctype html><html><head><meta charset=utf-8><title>{name}: {text(3)}</title><style>{STYLE}</style>"
                       f"<script>{common}</script></head><body><button id=work>work</button>{body}<script>{script}</script>"
                       "</body></html>\n")


main()
