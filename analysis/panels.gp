# Memory over trace time: one panel per allocator, all with the same axes. In each the heap as a line, and below it
# areas, from the back to the front.
MARGIN = 90
set label 1 "{/:Bold ".TITLE."}:  ".TRACE at screen left(MARGIN),top(32) \
    left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 SUBTITLE at screen left(MARGIN),top(60) left font FONT.",11.5" tc rgb MUTED
if (LEGEND > 0) {
    do for [k = 1:LAYERS] {
        name = LAYER_NAME[k]; hue = LAYER_COLOR[k]; place = MARGIN + LEGEND_X[k]
        set object k rectangle center screen left(place + 6),top(86) \
            size screen left(12.0),screen bottom(12.0) fc rgb hue fs solid noborder
        set label 20 + k name at screen left(place + 18),top(86) left font FONT.",11.5" tc rgb FG
    }
}
set multiplot
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
gap_x = 40.0
gap_y = 74.0
panel_w = (W - MARGIN - 28.0 - gap_x * (COLUMNS - 1)) / COLUMNS
panel_h = (H - TOP - 104.0 - gap_y * (ROWS - 1)) / ROWS
do for [k = 1:COUNT] {
    col = int(k - 1) % int(COLUMNS)
    row = int(k - 1) / int(COLUMNS)
    set lmargin at screen left(MARGIN + col * (panel_w + gap_x))
    set rmargin at screen left(MARGIN + col * (panel_w + gap_x) + panel_w)
    set tmargin at screen top(TOP + row * (panel_h + gap_y))
    set bmargin at screen top(TOP + row * (panel_h + gap_y) + panel_h)
    if (col == 0) { set ytics @TICKS_Y } else { set ytics @BLANK_Y }
    set xtics @TICKS_X
    if (k + COLUMNS > COUNT) { set xlabel XLABEL offset 0,0.4 tc rgb MUTED } else { unset xlabel }
    name = LABEL[k]; note = NOTE[k]; failure = FAILURE[k]; hue = COLOR[k]
    set label 10 name at graph 0,1 left offset character 0,0.75 font FONT.":Bold,14" tc rgb hue
    set label 11 note at graph 1,1 right offset character 0,0.75 font FONT.",11.5" tc rgb FG
    unset label 12
    unset label 13
    if (failure ne "") {
        set label 12 failure at graph 0.5,0.5 center font FONT.":Italic,13" tc rgb BAD
        plot NaN with lines lc rgb hue
    } else {
        if (PEAK_Y[k] <= HIGH_Y) {
            set label 13 "" at first PEAK_X[k],PEAK_Y[k] point pt 7 ps 0.9 * DOT lc rgb hue front
        }
        data = sprintf("panel-%d.csv", k)
        plot for [j = 1:LAYERS] data using 1:(0):(column(2 + j)) with filledcurves fs transparent \
                 solid (LAYER_COLOR[j] eq "" ? 0.28 : 1) noborder lc rgb (LAYER_COLOR[j] eq "" ? hue : LAYER_COLOR[j]), \
             data using 1:2 with lines lw (LEGEND > 0 ? 1.5 : 2) lc rgb hue
    }
    unset label 1
    unset label 2
    unset label 3
    do for [j = 1:LAYERS] { unset label 20 + j; unset object j }
}
unset multiplot
