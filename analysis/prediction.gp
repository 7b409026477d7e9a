# What replays predict for programs against what these really take, in time and in memory.
SIZE = 480; PLOT_BOTTOM = 106
LEFT_TIME = 92; LEFT_MEMORY = 682
set label 1 "{/:Bold Predicted by replay against the real program}, both against ".BASELINE \
    at screen left(LEFT_TIME),top(30) left font FONT.",16" tc rgb FG
set label 2 "Points: a program under an allocator; filled: held out, open: seen before. Bars: how far two runs of ".BASELINE." differ. Below the line: better than predicted." \
    at screen left(LEFT_TIME),top(55) left font FONT.",10.5" tc rgb MUTED
set label 3 FOOTER at screen left(LEFT_TIME),bottom(29) left font FONT.",10" tc rgb MUTED
do for [k = 1:COUNT] {
    name = LABEL[k]; hue = COLOR[k]; place = PLACE[k]; shape = SHAPE[k]
    set label 10 + k name at screen left(place + 18),top(80) left font FONT.":Bold,12.5" tc rgb hue
    set label 40 + k "" at screen left(place + 6),top(80) point pt shape ps 1.3 * DOT lc rgb hue
}
set label 8 "off by: mean error; in parentheses that of saying “no difference”" \
    at screen left(LEFT_MEMORY + SIZE),top(80) right font FONT.",10.5" tc rgb MUTED
set multiplot
set tmargin at screen bottom(PLOT_BOTTOM + SIZE)
set bmargin at screen bottom(PLOT_BOTTOM)
set grid xtics ytics lc rgb GRID lt 1 lw 1
set tics font FONT.",11"
set format x "%+.0f %%"
set format y "%+.0f %%"
set style line 1 lc rgb MUTED lw 1.2 dt 2
do for [panel in "TIME MEMORY"] {
    is_time = panel eq "TIME"
    place = is_time ? LEFT_TIME : LEFT_MEMORY
    what = is_time ? "CPU time" : "Peak memory"
    seen = is_time ? SEEN_TIME : SEEN_MEMORY
    held_out = is_time ? HELD_OUT_TIME : HELD_OUT_MEMORY
    low = is_time ? LOW_TIME : LOW_MEMORY
    high = is_time ? HIGH_TIME : HIGH_MEMORY
    named = is_time ? NAMED_TIME : NAMED_MEMORY
    file = is_time ? "prediction-time" : "prediction-memory"
    set lmargin at screen left(place)
    set rmargin at screen left(place + SIZE)
    set xrange [low:high]
    set yrange [low:high]
    set label 4 "{/:Bold ".what."}" at screen left(place),top(106) left font FONT.",13" tc rgb FG
    set label 5 seen at screen left(place),top(124) left font FONT.",10" tc rgb MUTED
    set label 6 held_out at screen left(place),top(140) left font FONT.",10" tc rgb MUTED
    set xlabel "predicted by replay" offset 0,0.2
    set label 7 "real" at screen left(place - 74),bottom(PLOT_BOTTOM + SIZE / 2) center rotate by 90 font FONT.",12" tc rgb MUTED
    do for [k = 1:named] {
        name = is_time ? NAME_TIME[k] : NAME_MEMORY[k]; hue = is_time ? NAME_COLOR_TIME[k] : NAME_COLOR_MEMORY[k]
        place_x = is_time ? NAME_X_TIME[k] : NAME_X_MEMORY[k]; place_y = is_time ? NAME_Y_TIME[k] : NAME_Y_MEMORY[k]
        set label 100 + k name at screen left(place_x),bottom(place_y) center font FONT.",9.5" tc rgb hue front
    }
    set arrow 1 from first low,low to first high,high nohead ls 1 back
    set arrow 2 from first 0,graph 0 to first 0,graph 1 nohead lc rgb MUTED lw 0.6 back
    set arrow 3 from graph 0,first 0 to graph 1,first 0 nohead lc rgb MUTED lw 0.6 back
    plot for [group in "seen held_out"] file."-".group.".csv" using 1:2:3:4 with yerrorbars pt -1 ps 0 lw 1 lc rgb variable, \
         file."-seen.csv" using 1:2:5:4 with points pt variable ps 1.1 * DOT lw 1.6 lc rgb variable, \
         file."-held_out.csv" using 1:2:5:4 with points pt variable ps 1.2 * DOT lc rgb variable
    do for [k = 1:named] { unset label 100 + k }
    do for [k = 1:COUNT] { unset label 10 + k; unset label 40 + k }
    unset label 1; unset label 2; unset label 3; unset label 8
}
unset multiplot
