# Size and lifetime of the objects of traces, a panel each. Besides what style.gp needs: COUNT traces in COLUMNS
# columns, NAME[i] and NOTE[i], and i.csv with size from, to, lifetime from, to, percent of objects; sizes as
# logarithms of base 2 from -2 to 26, lifetimes of base 10 from -0.2 to 7.4, and from 7.6 to 8.2 what was never released.
# A cell is a whole number of pixels.
# Cells beside each other are to have sharp edges, which pngcairo softens.
set terminal png truecolor size W,H font FONT.",10" background rgb BG enhanced
set output OUT
PANEL_W = 8.0 * 28
PANEL_H = 3.0 * 42
LEFT = 66.0
TOP = 118.0
GAP_X = 28
GAP_Y = 42
set label 1 "{/:Bold Size and lifetime} of every object in ".COUNT." traces" \
    at screen left(LEFT),top(32) left font FONT.",17" tc rgb FG
set label 2 "Across: bytes asked for. Up: calls until release, or never. Beside the name: million calls, threads." \
    at screen left(LEFT),top(60) left font FONT.",10.5" tc rgb MUTED
set palette defined (0 "#e3eef9", 0.25 "#a6cde4", 0.5 "#5ba3cf", 0.75 "#1f6fb3", 1 "#08306b")
set cbrange [-4:1]
unset colorbox
set border 3 lc rgb MUTED lw 0.7
set xrange [-2:26]
set yrange [-0.2:8.2]
unset grid
set grid xtics ytics back lc rgb GRID lw 0.7 lt 1
set tics scale 0.3 font FONT.",9.5"
set multiplot

# The colours, as a bar of steps in the top right corner.
BAR = W - 290
do for [k = 0:49] {
    set object 100 + k rectangle from screen left(BAR + 5 * k),top(56) to screen left(BAR + 5 * k + 5.5),top(44) \
        fc palette cb (-4 + 5 * (k + 0.5) / 50) fs solid noborder
}
do for [k = 0:5] {
    set label 100 + k sprintf("%g", 10.0 ** (k - 4)).(k == 5 ? " %" : "") at screen left(BAR + 50 * k),top(68) center \
        font FONT.",9.5" tc rgb MUTED
}
set label 110 "share of the trace's objects" at screen left(BAR),top(32) left font FONT.",10.5" tc rgb MUTED

do for [i = 1:COUNT] {
    row = (i - 1) / COLUMNS # integers: rounded down
    column = (i - 1) % COLUMNS
    x = LEFT + column * (PANEL_W + GAP_X)
    y = TOP + row * (PANEL_H + GAP_Y)
    set lmargin at screen left(x)
    set rmargin at screen left(x + PANEL_W)
    set tmargin at screen top(y)
    set bmargin at screen top(y + PANEL_H)
    set label 3 "{/:Bold ".NAME[i]."}" at screen left(x),top(y - 10) left font FONT.",11" tc rgb FG
    set label 4 NOTE[i] at screen left(x + PANEL_W),top(y - 10) right font FONT.",9.5" tc rgb MUTED
    set xtics ("1" 0, "32" 5, "1 Ki" 10, "32 Ki" 15, "1 Mi" 20, "32 Mi" 25) offset 0,0.4
    if (column == 0) {
        set ytics ("1" 0, "100" 2, "10 k" 4, "1 M" 6, "never" 7.9) offset 0.6,0
    } else {
        set ytics ("" 0, "" 2, "" 4, "" 6, "" 7.9)
    }
    plot sprintf("%d.csv", i) using (0):(0):1:2:3:4:(log10(column(5))) with boxxyerror fs solid noborder lc palette
    if (i == 1) {
        # What stands beside the panels is drawn once.
        do for [k = 100:149] { unset object k }
        do for [k = 100:110] { unset label k }
        unset label 1
        unset label 2
    }
}
unset multiplot
