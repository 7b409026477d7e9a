# Which addresses were live over the trace: one panel per allocator, chunks in order of address, gaps left out.
MARGIN = 90
RIGHT = 108.0 # the colours
FREE = "#d9dde2"
PAPER = "#fdfdfe" # a picture keeps its colours in the dark, and so does what is behind it
set label 1 "{/:Bold Heap map}: live share of each chunk of address space over the trace,  ".TRACE \
    at screen left(MARGIN),top(32) left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 "Chunks in order of address, gaps left out. Blue: full. Orange: held by a few live bytes. Grey: free again. White: not " \
    ."used yet.".(COMMON > 0 ? "" : " {/:Bold Scales differ.}") \
    at screen left(MARGIN),top(60) left font FONT.",11" tc rgb MUTED
set palette defined (EMPTY FREE, EMPTY / 4 FREE, EMPTY / 4 "#d55e00", 0.45 "#f7d08a", 0.6 "#8fb8e0", \
    0.8 "#2a6cb0", 1 "#0b2a5b")
set cbrange [EMPTY:1]
unset colorbox
unset grid
unset datafile columnheaders
set multiplot
set object 1 rectangle from graph 0,graph 0 to graph 1,graph 1 fc rgb PAPER fs solid noborder behind
set xrange [LOW_X:HIGH_X]
gap_x = COMMON > 0 ? 40.0 : 90.0
gap_y = 74.0
panel_w = (W - MARGIN - RIGHT - gap_x * (COLUMNS - 1)) / COLUMNS
panel_h = (H - 128.0 - 104.0 - gap_y * (ROWS - 1)) / ROWS

# The colours, as a bar of steps at the right.
BAR_X = W - RIGHT + 22
BAR_H = 240.0
do for [k = 0:59] {
    set object 100 + k rectangle from screen left(BAR_X),top(128 + BAR_H * (59 - k) / 60) \
        to screen left(BAR_X + 14),top(128 + BAR_H * (60 - k) / 60 + (k > 0 ? 0.6 : 0)) \
        fc palette cb (k + 0.5) / 60 fs solid noborder
}
do for [k = 0:4] {
    share = k == 4 ? "full" : k == 0 ? "few" : sprintf("%d %%", 25 * k)
    set label 100 + k share at screen left(BAR_X + 20),top(128 + BAR_H * (4 - k) / 4) left font FONT.",10.5" tc rgb FG
}
set object 160 rectangle from screen left(BAR_X),top(128 + BAR_H + 12) to screen left(BAR_X + 14),top(128 + BAR_H + 26) \
    fc rgb FREE fs solid noborder
set label 105 "free" at screen left(BAR_X + 20),top(128 + BAR_H + 19) left font FONT.",10.5" tc rgb FG

do for [k = 1:COUNT] {
    col = int(k - 1) % int(COLUMNS)
    row = int(k - 1) / int(COLUMNS)
    set lmargin at screen left(MARGIN + col * (panel_w + gap_x))
    set rmargin at screen left(MARGIN + col * (panel_w + gap_x) + panel_w)
    set tmargin at screen top(128 + row * (panel_h + gap_y))
    set bmargin at screen top(128 + row * (panel_h + gap_y) + panel_h)
    set yrange [0:HIGH_Y[k]]
    eval "set ytics ".(COMMON > 0 && col > 0 ? BLANK[k] : TICKS[k])
    set xtics @TICKS_X
    if (k + COLUMNS > COUNT) { set xlabel XLABEL offset 0,0.4 tc rgb MUTED } else { unset xlabel }
    name = LABEL[k]; note = NOTE[k]; failure = FAILURE[k]; hue = COLOR[k]
    set label 10 name at graph 0,1 left offset character 0,0.75 font FONT.":Bold,14" tc rgb hue
    set label 11 note at graph 1,1 right offset character 0,0.75 font FONT.",10.5" tc rgb FG
    unset label 12
    if (failure ne "") {
        set label 12 failure at graph 0.5,0.5 center font FONT.":Italic,13" tc rgb BAD
        plot NaN notitle
    } else {
        step_x = HIGH_X / COLUMNS_X[k]
        step_y = STEP_Y[k]
        plot sprintf("heap-map-%d.csv", k) matrix using (($1 + 0.5) * step_x):(($2 + 0.5) * step_y):3 with image
    }
    # What stands beside the panels is drawn once.
    do for [j = 100:160] { unset object j }
    do for [j = 100:105] { unset label j }
    unset label 1
    unset label 2
    unset label 3
}
unset multiplot
set object 1 rectangle from graph 0,graph 0 to graph 1,graph 1 fc rgb PAPER fs solid noborder behind
