# How long single calls took, by percentile: a panel for calls that allocate, and one for those that release.
MARGIN = 90
set label 1 "{/:Bold Latency of single calls by percentile}:  ".TRACE at screen left(MARGIN),top(32) \
    left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 SUBTITLE at screen left(MARGIN),top(60) left font FONT.",11" tc rgb MUTED
set label 4 MISSING at screen left(MARGIN),top(80) left font FONT.":Italic,11.5" tc rgb BAD
set multiplot
set tmargin at screen top(138)
set bmargin at screen bottom(112)
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
set logscale y
set xtics @TICKS_X
set grid xtics ytics lc rgb GRID lt 1 lw 1
panel_w = (W - MARGIN - PANELS * LABEL_WIDTH - (PANELS - 1) * 36.0) / PANELS
set object 1 rectangle from graph 0,graph 0 to graph 1,first STEP fc rgb GRID fs solid noborder behind
do for [p = 1:PANELS] {
    x = MARGIN + (p - 1) * (panel_w + LABEL_WIDTH + 36.0)
    set lmargin at screen left(x)
    set rmargin at screen left(x + panel_w)
    if (p == 1) { set ytics @TICKS_Y } else { set ytics @BLANK_Y }
    set xlabel "percentile of calls (%)" offset 0,0.2 tc rgb MUTED
    name = PANEL[p]; calls = CALLS[p]
    set label 5 name at graph 0,1 left offset character 0,0.75 font FONT.":Bold,14" tc rgb FG
    set label 6 calls at graph 1,1 right offset character 0,0.75 font FONT.",11.5" tc rgb FG
    set label 7 STEP_TEXT at graph 0.985,first STEP right offset 0,0.5 font FONT.",10" tc rgb MUTED
    do for [k = FIRST[p]:LAST[p]] {
        name = LABEL[k]; hue = COLOR[k]; place = PLACE[k]; end_x = END_X[k]; end_y = END_Y[k]
        set arrow 10 + k from first end_x,first end_y to graph 1.02,graph place nohead lc rgb hue lw 1 dt 3
        set label 10 + k name at graph 1.03,graph place left font FONT.":Bold,12" tc rgb hue
    }
    plot for [k = FIRST[p]:LAST[p]] sprintf("latency-%d.csv", k) index 0 using 1:2 with lines \
             lw WIDTH[k] dt int(DASH[k]) lc rgb COLOR[k], \
         for [k = FIRST[p]:LAST[p]] sprintf("latency-%d.csv", k) index 1 using 1:2 with lines \
             lw 1 dt int(DASH[k]) lc rgb COLOR[k]
    unset arrow
    unset label
}
unset multiplot
