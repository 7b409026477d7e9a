# Speed relative to the baseline: a row per allocator, and with several traces one per trace, where the allocators
# stand below each other. Heights are pixels from the top of the plot.
MARGIN = 40
set label 1 "{/:Bold Replay speed relative to ".BASELINE."}  (further right is faster)" \
    at screen left(MARGIN),top(32) left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 SUBTITLE at screen left(MARGIN),top(60) left font FONT.",11.5" tc rgb MUTED
set multiplot
set tmargin at screen top(124)
set bmargin at screen bottom(108)
set yrange [PLOT_H:0]
set xrange [LOW_X:HIGH_X]
if (LOG_X > 0) { set logscale x }
set border 1
unset ytics
set grid noytics xtics lc rgb GRID lw 1 lt 1
set xtics @TICKS_X font FONT.",12"
set xlabel "speed: CPU time of ".BASELINE." ÷ CPU time" offset 0,0.2
if (TRACES > 0) {
    set label 4 "geometric mean" at screen left(PLOT_LEFT - 14),first 15 right font FONT.",11.5" tc rgb MUTED
    set label 5 "each trace" at screen left(PLOT_LEFT - 14),first (TRACES_Y - 13) right font FONT.",11.5" tc rgb MUTED
}
do for [k = 1:ROWS] {
    name = ROW[k]; y = ROW_Y[k]; hue = ROW_COLOR[k]
    face = (hue eq "") ? FONT.",12" : FONT.":Bold,12.5"
    if (hue eq "") { hue = FG }
    set label 20 + k name at screen left(PLOT_LEFT - 14),first y right font face tc rgb hue
}
do for [p = 1:PANELS] {
    x = PLOT_LEFT + (p - 1) * (PANEL_W + 36)
    set lmargin at screen left(x)
    set rmargin at screen left(x + PANEL_W)
    heading = HEADING[p]
    set label 6 heading at graph 0,1 left offset 0,0.9 font FONT.":Bold,12.5" tc rgb FG
    set arrow 1 from first 1,graph 0 to first 1,graph 1 nohead back lc rgb FG lw 1 dt 2
    do for [k = 0:TRACES] {
        y = TRACES_Y + k * TRACE_HEIGHT
        if (TRACES > 0) { set arrow 10 + k from graph 0,first y to graph 1,first y nohead back lc rgb GRID lw 1 }
    }
    do for [k = 1:FAILURE_COUNT] {
        words = FAILURE[k]; y = FAILURE_Y[k]
        if (FAILURE_PANEL[k] == p) {
            set label 200 + k words at graph 0.995,first y right font FONT.":Italic,11.5" tc rgb BAD
        }
    }
    mine(value) = (column(1) == p) ? value : NaN
    plot "speed.csv" using (mine(column(4))):3:(column(5) - column(4)):(0):6 with vectors nohead lw 1.6 lc rgb variable, \
         "speed.csv" using (mine(column(2))):3:((column(8) > 0 ? 1.5 : 0.95) * DOT):7:6 \
             with points ps variable pt variable lc rgb variable, \
         "speed.csv" using (column(8) > 0 ? mine(column(5)) : NaN):3:(strcol(9)) with labels left offset 1.1,0 \
             font FONT.",11.5" tc rgb FG
    unset label
    unset arrow
}
unset multiplot
