# Time against peak memory, both relative to the baseline.
MARGIN = 116
set label 1 "{/:Bold Time against memory}, relative to ".BASELINE at screen left(MARGIN),top(32) \
    left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 SUBTITLE at screen left(MARGIN),top(60) left font FONT.",11.5" tc rgb MUTED
set label 4 MISSING at screen left(MARGIN),top(80) left font FONT.":Italic,11.5" tc rgb BAD
set lmargin at screen left(MARGIN)
set rmargin at screen right(40)
set tmargin at screen top(108)
set bmargin at screen bottom(106)
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
if (LOG_X > 0) { set logscale x }
if (LOG_Y > 0) { set logscale y }
set xtics @TICKS_X
set ytics @TICKS_Y
set grid xtics ytics lc rgb GRID lt 1 lw 1
set xlabel "CPU time per op, cold, relative to ".BASELINE."  (lower is faster)" offset 0,0.2
set label 6 "peak heap relative to ".BASELINE."  (lower is smaller)" at screen left(22),graph 0.5 center rotate by 90 \
    font FONT.",12" tc rgb MUTED
set object 1 rectangle from graph 0,graph 0 to first 1,first 1 fc rgb "#eef8f2" fs solid noborder behind
set label 5 "faster {/:Italic and} smaller than ".BASELINE at graph 0.012,0.032 left font FONT.",11.5" tc rgb "#009e73"
do for [k = 1:COUNT] {
    name = LABEL[k]; hue = COLOR[k]; place_x = PLACE_X[k]; place_y = PLACE_Y[k]
    set label 10 + k name at screen left(place_x),bottom(place_y) center font FONT.":Bold,13" tc rgb hue front
    near_x = NEAR_X[k]; near_y = NEAR_Y[k]; x = X[k]; y = Y[k]
    if (LEADER[k] > 0) {
        set arrow 10 + k from screen left(near_x),bottom(near_y) to first x,y nohead lc rgb hue lw 1 dt 3
    }
}
SMALL = SMALL_COUNT > 0 ? '"time_memory-traces.csv" using 1:2:(0.8 * DOT):4:(int(column(3)) + 0x90000000) with points ps variable pt variable lc rgb variable, ' : ""
plot @SMALL "time_memory.csv" using 3:2:(column(4) - column(3)):(0):5 with vectors nohead lw 2 lc rgb variable, \
     "time_memory.csv" using 1:2:(2.2 * DOT):6:5 with points ps variable pt variable lc rgb variable
