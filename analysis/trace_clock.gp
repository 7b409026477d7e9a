# Heap over trace time under the recorded clock and under the real one: a panel per allocator that asks for the time.
MARGIN = 90
set label 1 "{/:Bold What the clock changes}: heap under the recorded clock and the real one,  ".TRACE \
    at screen left(MARGIN),top(32) left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 "Solid: the allocator sees the recorded time, as in the program. Dashed: it sees the time of the replay, which is over " \
    ."sooner. Grey: live bytes." at screen left(MARGIN),top(60) left font FONT.",11" tc rgb MUTED
set label 4 INDIFFERENT at screen left(MARGIN),top(80) left font FONT.",11" tc rgb MUTED
set multiplot
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
gap_x = 44.0
gap_y = 74.0
panel_w = (W - MARGIN - 28.0 - gap_x * (COLUMNS - 1)) / COLUMNS
panel_h = (H - 128.0 - 104.0 - gap_y * (ROWS - 1)) / ROWS
do for [k = 1:COUNT] {
    col = int(k - 1) % int(COLUMNS)
    row = int(k - 1) / int(COLUMNS)
    set lmargin at screen left(MARGIN + col * (panel_w + gap_x))
    set rmargin at screen left(MARGIN + col * (panel_w + gap_x) + panel_w)
    set tmargin at screen top(128 + row * (panel_h + gap_y))
    set bmargin at screen top(128 + row * (panel_h + gap_y) + panel_h)
    if (col == 0) { set ytics @TICKS_Y } else { set ytics @BLANK_Y }
    set xtics @TICKS_X
    if (k + COLUMNS > COUNT) { set xlabel XLABEL offset 0,0.4 tc rgb MUTED } else { unset xlabel }
    name = LABEL[k]; recorded = RECORDED[k]; real_text = REAL[k]; hue = COLOR[k]
    set label 10 name at graph 0,1 left offset character 0,0.75 font FONT.":Bold,14" tc rgb hue
    set label 11 recorded at graph (1 - 190 / panel_w),1 right offset character 0,0.75 font FONT.":Bold,11" tc rgb hue
    set label 12 real_text at graph 1,1 right offset character 0,0.75 font FONT.",11" tc rgb MUTED
    plot sprintf("trace-clock-recorded-%d.csv", k) using 1:(0):2 with filledcurves fs solid 1 noborder lc rgb LIVE, \
         sprintf("trace-clock-real-%d.csv", k) using 1:3 with lines lw 1.8 dt 2 lc rgb MUTED, \
         sprintf("trace-clock-recorded-%d.csv", k) using 1:3 with lines lw 2.2 lc rgb hue
    unset label 1
    unset label 2
    unset label 3
    unset label 4
}
unset multiplot
