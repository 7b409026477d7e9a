# shellcheck shell=bash
# What the recipes of Firefox share: its profile, the page that two of them show, and its recording. To be
# sourced after recipe_begin.
# shellcheck disable=SC2154 # recipe_begin assigns the names

# A forkserver would hand out processes that never pass exec, where a preloaded library is loaded. The
# rest keeps Firefox from doing anything besides the page.
[[ $recipe_is_measured == no ]] || recipe_fail "Firefox has a malloc of its own: no other one can be preloaded"
folder=home/.mozilla/firefox
mkdir -p $folder/recipe
printf '[Profile0]\nName=recipe\nIsRelative=1\nPath=recipe\n' >$folder/profiles.ini
cat >$folder/recipe/user.js <<'END'
user_pref("dom.ipc.forkserver.enable", false);
user_pref("dom.ipc.processPrelaunch.enabled", false);
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.enabled", false);
END

# firefox_trace PROCESS ARGUMENTS: records the process named PROCESS of Firefox with ARGUMENTS, in which $PWD is
# the recipe's folder: an inner shell inserts it, so that its name does not stand in the trace's command.
firefox_trace() {
    env -i PATH=/usr/bin:/bin HOME="$PWD/home" LC_ALL=C.UTF-8 TZ=UTC MOZ_HEADLESS=1 \
        "$build/trace" record --process="$1" "${recipe_options[@]}" -o "$recipe_name.trace" -- \
        sh -c "exec firefox-esr --headless --no-remote -P recipe $2"
}

# firefox_is PART THREAD: checks that the recorded process is the PART of Firefox that has this THREAD.
firefox_is() {
    local info
    info=$("$build/trace" info --format=csv "$recipe_name.trace")
    [[ $info == *",\"$2\""* ]] || recipe_fail "the recorded process has no thread $2: it is not $1"
}

# firefox_show_page PROCESS: records a process of Firefox taking a screenshot of one page. It has a
# table of 300 rows, 400 boxes laid out by flexbox, 200 classes of style, a list that a script builds again
# and again, a map of 50,000 entries, JSON there and back, and a drawing on a canvas.
firefox_show_page() {
    recipe_options=(--plain=3)
    perl make_page.pl >page.html
    cat script.html >>page.html
    # shellcheck disable=SC2016
    firefox_trace "$1" '--screenshot "file://$PWD/page.html"'
    [[ -s screenshot.png ]] || recipe_fail "Firefox drew nothing: it did not do its work"
}

cat >make_page.pl <<'END'
use strict;
srand(5);
my @word = map { join "", map { chr(97 + rand 26) } 0 .. 2 + rand 8 } 1 .. 900;
sub text { join " ", map { $word[rand @word] } 1 .. $_[0] }
print "<!doctype html><html><head><meta charset=utf-8><title>", text(4), "</title><style>\n";
print ".flow { display: flex; flex-wrap: wrap } td { border: 1px solid; padding: 1px 3px }\n";
printf ".c%d { color: rgb(%d,%d,%d); font-size: %dpx; margin: %dpx; border-radius: %dpx }\n",
    $_, rand 200, rand 200, rand 200, 9 + rand 9, rand 5, rand 8
    for 0 .. 199;
print "</style></head><body><h1>", text(5), "</h1><table>\n";
for my $row (1 .. 300) {
    print "<tr>", (map { sprintf "<td class=c%d>%s</td>", rand 200, text(1) } 1 .. 12), "</tr>\n";
}
print "</table><div class=flow>\n";
printf "<div class=c%d><b>%s</b> <a href='#%d'>%s</a></div>\n", rand 200, text(1), $_, text(3) for 1 .. 400;
print "</div><ul id=list></ul><pre id=out></pre><canvas id=drawing width=400 height=300></canvas>\n";
END

cat >script.html <<'END'
<script>
let state = 7;
const random = n => (state = (state * 48271) % 2147483647) % n;
const list = document.getElementById("list");
for (let round = 0; round < 20; round++) {
    let html = "";
    for (let i = 0; i < 100; i++)
        html += `<li class=c${random(200)} title="${random(1e6)}">${"item " + random(1e5)} <i>${round}</i></li>`;
    list.innerHTML = html;
    list.offsetHeight;
}
const map = new Map();
for (let i = 0; i < 50000; i++)
    map.set("key" + random(1e6), { number: i, text: "value " + i });
const rows = [...map].slice(0, 8000).map(([key, value]) => ({ key, ...value, tags: [random(9), random(9)] }));
const again = JSON.parse(JSON.stringify(rows));
again.sort((a, b) => a.key < b.key ? -1 : 1);
document.getElementById("out").textContent =
    again.filter(row => row.tags[0] === row.tags[1]).slice(0, 200).map(row => row.key + " " + row.text).join("\n");
const drawing = document.getElementById("drawing").getContext("2d");
for (let i = 0; i < 500; i++) {
    drawing.fillStyle = `hsl(${random(360)} 60% 50%)`;
    drawing.beginPath();
    drawing.arc(random(400), random(300), 2 + random(30), 0, 6.3);
    drawing.fill();
    drawing.fillText("text " + i, random(400), random(300));
}
</script></body></html>
END
