#!/usr/bin/env bash
# Videos: a scene of 300 frames with moving targets, in 8 and 16 bits, through ffmpeg and on standard input; sources that
# break off, signals, readers that go away. usage: test_video.sh [FOLDER OF PROGRAMS]
root=$(pwd)
. tests/programs/checks.sh
export OMP_NUM_THREADS=1
/usr/bin/python3 "$root/tests/programs/video_scene.py" . || complain "the scene cannot be made"
for depth in 8 16; do
    pixels=gray$([ $depth -eq 8 ] || echo 16le)
    ffmpeg -loglevel error -f rawvideo -pixel_format "$pixels" -video_size 96x96 -framerate 40 -i scene$depth.raw \
        -c:v ffv1 scene$depth.mkv || complain "ffmpeg cannot write scene$depth.mkv"
    ffmpeg -loglevel error -i scene$depth.mkv -f yuv4mpegpipe -strict -1 scene$depth.y4m
done
detect=("$bin/detect" --method mpcm)

# check_lines HOW LINES KNOWN: see video_lines.py.
check_lines() {
    count=$((count + 1))
    /usr/bin/python3 "$root/tests/programs/video_lines.py" "$@" 2> python || complain "$*: $(tail -n 1 python)"
}

# takes FILE COMMAND...: the command works with the file on its standard input.
takes() {
    local file=$1
    shift
    count=$((count + 1))
    "$@" > stdout 2> stderr < "$file" || complain "$* < $file: exit code $?: $(head -c 600 stderr)"
}

# same FILE FILE
same() {
    count=$((count + 1))
    cmp -s "$1" "$2" || complain "$1 and $2 differ: $(diff "$1" "$2" | head -n 4)"
}

# ends CODE PATTERN FRAMES COMMAND...: the exit code, a last line on stderr that matches, and so many lines before.
ends() {
    local code=$1 pattern=$2 frames=$3 got
    shift 3
    count=$((count + 1))
    "$@" > stdout 2> stderr
    got=$?
    [ $got -eq "$code" ] || complain "$*: exit code $got, expected $code: $(head -c 300 stderr)"
    tail -n 1 stderr | grep -qE -- "$pattern" || complain "$*: the last line lacks '$pattern': $(tail -n 1 stderr)"
    [ "$(wc -l < stdout)" -eq "$frames" ] || complain "$*: $(wc -l < stdout) lines, expected $frames"
    head -n "$frames" whole | cmp -s - stdout || complain "$*: the frames before the end are not the same"
}

# --- the same detections as on the single images, from whatever source, on however many threads ---
for depth in 8 16; do
    works "${detect[@]}" --video scene$depth.mkv
    cp stdout lines$depth
    grep -qE '^detect: 300 frames, [0-9]+ detections; [0-9.]+ frames/s; latency [0-9.]+ ms \(50 %\), .* \(99 %\)$' stderr ||
        complain "no frames a second: $(cat stderr)"
    works "${detect[@]}" images$depth --out images$depth.out
    check_lines images lines$depth images$depth.out/detections.csv
    takes scene$depth.y4m "${detect[@]}" --video -
    same stdout lines$depth
done
# Whoever stops reading ends it as a filter ends, pictures or not.
for more in '' '--annotate gone.mp4'; do
    count=$((count + 1))
    # shellcheck disable=SC2086 # an option and its value
    "${detect[@]}" --video scene8.mkv $more 2> stderr | head -n 2 > stdout
    code=${PIPESTATUS[0]}
    [ "$code" -eq 141 ] || complain "a reader that goes away ${more:-alone}: exit code $code: $(head -c 300 stderr)"
done
# --- tracks: one for each target, whatever crosses and flashes; on several threads too ---
for depth in 8 16; do
    works env OMP_NUM_THREADS=3 "${detect[@]}" --video scene$depth.mkv --track
    cp stdout tracks$depth
    grep -q '^detect: 300 frames, .* detections, 3 tracks; ' stderr || complain "not three tracks: $(head -n 1 stderr)"
    check_lines tracks tracks$depth truth.json
done
works "${detect[@]}" --video scene16.mkv --tracking confirm=3/5
same stdout tracks16
works "${detect[@]}" --video scene16.mkv --tracking confirm=1/1
grep -q ' detections, [4-9] tracks; ' stderr || complain "flashes are no tracks of one frame: $(head -n 1 stderr)"
refuses 2 "^detect: --tracking: 'confirm=3', expected M/N" "${detect[@]}" --video scene16.mkv --tracking confirm=3
refuses 2 'track needs --video' "${detect[@]}" images8 --out out --track

# --- the video for the eye: as many frames, whether through ffmpeg or as y4m, and with frames left out ---
frames_of() { ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$1"; }
head -c $((25 * 96 * 96 * 2)) scene16.raw > short.raw
short=(--video short.raw --y16 96x96 --fps 40)
works "${detect[@]}" "${short[@]}" --annotate seen.mp4
head -n 25 lines16 > first
same stdout first
[ "$(frames_of seen.mp4)" = 25 ] || complain "seen.mp4 has $(frames_of seen.mp4) frames, expected 25"
ffprobe -v error -show_entries stream=r_frame_rate,pix_fmt,width -of csv=p=0 seen.mp4 > about
grep -q '^576,yuv420p,40/1$' about || complain "seen.mp4 is $(cat about)"
works "${detect[@]}" "${short[@]}" --annotate - --track --lines tracks
mv stdout seen.y4m
head -n 25 tracks16 > first
same tracks first
[ "$(frames_of seen.y4m)" = 25 ] || complain "seen.y4m has $(frames_of seen.y4m) frames, expected 25"
works "${detect[@]}" "${short[@]}" --annotate -
[ "$(head -n 1 stdout)" = "YUV4MPEG2 W576 H597 F40000:1000 Ip A1:1 C444 XCOLORRANGE=LIMITED" ] ||
    complain "y4m on standard output begins with $(head -c 80 stdout)"
works env OMP_NUM_THREADS=3 "${detect[@]}" "${short[@]}" --annotate - --track
same stdout seen.y4m
# IPI on frames made larger takes many times the 25 ms of a frame on any processor.
works "$bin/detect" --method ipi --size 256 "${short[@]}" --drop --annotate dropped.mkv
grep -q ' frames\? dropped; ' stderr || complain "no frame was dropped: $(head -n 1 stderr)"
[ "$(frames_of dropped.mkv)" = 25 ] || complain "dropped.mkv has $(frames_of dropped.mkv) frames, expected 25"
cp short.raw kept.raw
refuses 2 'short.raw is read and would be lost: it cannot be --annotate too' "${detect[@]}" "${short[@]}" --annotate ./short.raw
refuses 2 'short.raw is read and would be lost: it cannot be --lines too' "${detect[@]}" "${short[@]}" --lines ./short.raw
same short.raw kept.raw
# A source is known by other names, too, and as one of the files that a pattern names.
mkdir frames
cp images16/000.png frames/0003.png
cp images16/000.png kept.png
ln -s frames/0003.png link.png
lost='is read and would be lost: it cannot be --'
refuses 2 "^detect: frames/%04d.png $lost""annotate too" "${detect[@]}" --video frames/%04d.png --annotate frames/%04d.png
refuses 2 "$lost""annotate too" "${detect[@]}" --video frames/%04d.png --annotate "$PWD/frames/%d.png"
refuses 2 "$lost""annotate too" "${detect[@]}" --video frames/%4d.png --annotate ./frames/0003.png
refuses 2 "$lost""lines too" "${detect[@]}" --video frames/%04d.png --lines link.png
refuses 2 "$lost""lines too" "${detect[@]}" --video frames/%d.png --lines frames/99.png
refuses 2 "$lost""annotate too" "${detect[@]}" --video frames/0003.png --annotate frames/%04d.png
refuses 2 "$lost""lines too" "${detect[@]}" --video file:short.raw --lines short.raw
refuses 2 "$lost""annotate too" "${detect[@]}" --video short.raw --annotate "file:$PWD/short.raw"
same short.raw kept.raw
same frames/0003.png kept.png
works "${detect[@]}" --video frames/%04d.png --lines frames/004.png # one digit short: no frame of the source
refuses 2 'x.mkv cannot be --lines and --annotate' "${detect[@]}" "${short[@]}" --lines x.mkv --annotate x.mkv
refuses 2 '^detect: - cannot be --lines and --annotate' "${detect[@]}" "${short[@]}" --lines - --annotate -
"${detect[@]}" "${short[@]}" --annotate seen.nonsense > stdout 2> stderr && complain "a video of no known kind is written"
tail -n 1 stderr | grep -q '^detect: seen.nonsense: ffmpeg: ' || complain "of a video of no known kind it says $(cat stderr)"
"${detect[@]}" "${short[@]}" --annotate - 2> stderr | head -c 2000000 > /dev/null
code=${PIPESTATUS[0]}
[ "$code" -eq 141 ] || complain "whoever watches goes away: exit code $code"
[ ! -s stderr ] || complain "whoever watches goes away: $(cat stderr)"

# --- other ways in ---
cp lines16 whole
takes scene16.raw "${detect[@]}" --video - --y16 96x96 --fps 40
same stdout lines16
works "${detect[@]}" --video scene16.raw --y16 96x96 --fps 40 --lines file
same file lines16
[ ! -s stdout ] || complain "--lines leaves lines on standard output"
works env OMP_NUM_THREADS=3 "${detect[@]}" --video scene16.mkv
same stdout lines16
# Frames 0, 1, 2 of the source at uneven times.
ffmpeg -loglevel error -i scene16.mkv -vf "setpts='if(lt(N,2),N,N+20)'/40/TB" -frames:v 3 -fps_mode passthrough -c:v ffv1 uneven.mkv
works "${detect[@]}" --video uneven.mkv
[ "$(sed 's/.*"time":\([0-9.]*\),.*/\1/' stdout | tr '\n' ' ')" = "0.000000 0.025000 0.550000 " ] ||
    complain "the times of the source are lost: $(cut -c 1-40 stdout)"
# Numbered images have no clock: --fps is theirs.
mkdir numbered
ffmpeg -loglevel error -i scene16.mkv -frames:v 40 numbered/%03d.png
works "${detect[@]}" --video numbered/%03d.png --fps 12.5
[ "$(sed -n '26s/.*"time":\([0-9.]*\),.*/\1/p' stdout)" = 2.000000 ] || complain "--fps of images: $(sed -n 26p stdout | cut -c 1-40)"
cut -d, -f 3- stdout > frames.only
head -n 40 lines16 | cut -d, -f 3- | cmp -s - frames.only || complain "images are not searched as the video of them"
cp scene16.mkv ./-y
works "${detect[@]}" --video -y
same stdout lines16
# Nor is a time in a name a protocol.
mv ./-y 2026-11-30T12:00:00.mkv
works "${detect[@]}" --video 2026-11-30T12:00:00.mkv
same stdout lines16
cp numbered/001.png T12:00_1.png
works "${detect[@]}" --video T12:00_%d.png --annotate T12:00.mkv
[ "$(frames_of ./T12:00.mkv)" = 1 ] || complain "a video whose name has a colon has $(frames_of ./T12:00.mkv) frames"
works "${detect[@]}" --video file:2026-11-30T12:00:00.mkv --annotate file:seen.mkv
same stdout lines16
[ "$(frames_of seen.mkv)" = 300 ] || complain "file:seen.mkv has $(frames_of seen.mkv) frames"

works "${detect[@]}" --video scene8.mkv --range 300,400
grep -q '^detect: the range 300,400 makes every pixel black: grey values run from' stderr ||
    complain "of a range beyond the frames it says $(cat stderr)"

# --- wrong use ---
refuses 2 'INPUT does not go with --video' "${detect[@]}" --video scene8.mkv scene8.mkv
refuses 2 'out does not go with --video' "${detect[@]}" --video scene8.mkv --out out
refuses 2 'drop needs --video' "${detect[@]}" images8 --out out --drop
refuses 2 'fps is 0, expected' "${detect[@]}" --video - --fps 0
refuses 1 'missing.mkv: ffmpeg: .*No such file' "${detect[@]}" --video missing.mkv
refuses 1 'truth.json: ffmpeg: .*(Invalid data|not contain)' "${detect[@]}" --video truth.json
refuses 1 'standard input: no frames come' "${detect[@]}" --video -
refuses 1 'standard input: no frames come' "${detect[@]}" --video - --y16 96x96
mkdir nothing
refuses 1 'ffmpeg is needed and not installed .Debian: package ffmpeg' \
    env PATH="$PWD/nothing" "${detect[@]}" --video scene8.mkv
refuses 1 'nowhere/lines: cannot be written' "${detect[@]}" --video scene8.mkv --lines nowhere/lines

cp lines8 kept
refuses 1 'missing.mkv: ffmpeg: .*No such file' "${detect[@]}" --video missing.mkv --lines kept
same kept lines8
refuses 1 'standard input: no frames come' "${detect[@]}" --video - --y16 96x96 --lines kept
same kept lines8
if [ -c /dev/full ]; then
    refuses 1 '^detect: /dev/full: cannot be written: No space left' "${detect[@]}" "${short[@]}" --lines /dev/full
fi

# --- sources that die: what came is searched, then one line says why ---
head -c $(($(wc -c < scene16.mkv) / 2)) scene16.mkv > cut.mkv
frames=$(frames_of cut.mkv 2> /dev/null)
{ [ "$frames" -gt 50 ] && [ "$frames" -lt 250 ]; } || complain "half of the video has $frames frames"
ends 1 "^detect: cut.mkv broke off after $frames frames: ffmpeg: File ended prematurely" "$frames" \
    "${detect[@]}" --video cut.mkv
head -c 1000000 scene16.y4m > cut.y4m
ends 1 '^detect: standard input broke off after 54 frames: it ends in the middle of a frame' 54 \
    "${detect[@]}" --video - < cut.y4m
# Frames of another size than the first are not searched at that.
mkdir sizes
for number in 1 2 3 4 5; do
    ffmpeg -loglevel error -i "images16/$(printf %03d $((20 * number))).png" \
        -vf "crop=96:$([ $number -le 3 ] && echo 96 || echo 64)" sizes/$number.png
done
cp whole kept.lines
"${detect[@]}" --video sizes/%d.png > whole 2> /dev/null # the lines of the three before
ends 1 '^detect: sizes/%d.png broke off after 3 frames: the next one has another size than 96x96' 3 \
    "${detect[@]}" --video sizes/%d.png
mv kept.lines whole
mkdir fake
cat > fake/ffmpeg << END
#!/bin/sh
head -c 1000000 $PWD/scene16.y4m
echo "[v4l2 @ 0x1234] /dev/video0: No such device" >&2
exit 3
END
sed "s/^echo.*//; s/head.*/cat scene16.y4m/" fake/ffmpeg > quiet
chmod +x fake/ffmpeg
ends 1 '^detect: camera broke off after 54 frames: ffmpeg: /dev/video0: No such device' 54 \
    env PATH="$PWD/fake:$PATH" "${detect[@]}" --video camera
mv quiet fake/ffmpeg
chmod +x fake/ffmpeg
ends 1 '^detect: camera broke off after 300 frames: ffmpeg ended with exit code 3' 300 \
    env PATH="$PWD/fake:$PATH" "${detect[@]}" --video camera

# A camera by the name that stays with it, a link: ffmpeg does not see by itself what it is.
if mknod camera81 c 81 77 2> /dev/null; then
    ln -s camera81 by-id
    cat > fake/ffmpeg << END
#!/bin/sh
echo "\$*" > $PWD/arguments
head -c 1000000 $PWD/scene16.y4m
END
    PATH="$PWD/fake:$PATH" "${detect[@]}" --video by-id > stdout 2> stderr
    grep -q -- '-f v4l2 -i by-id ' arguments || complain "a camera by a link is read as $(cat arguments)"
fi

# --- signals and readers that go away: no child is left, and what was searched is written ---
cat > fake/ffmpeg << END
#!/bin/sh
echo \$\$ > $PWD/camera.pid
head -c 500000 $PWD/scene16.y4m
exec sleep 100
END
for signal in INT TERM; do
    count=$((count + 1))
    rm -f camera.pid lines
    PATH="$PWD/fake:$PATH" "${detect[@]}" --video camera --lines lines --annotate - > stdout 2> stderr &
    program=$!
    for ((i = 0; i < 600; i++)); do
        [ "$(wc -l 2> /dev/null < lines)" = 27 ] && break
        sleep 0.05
    done
    kill -$signal $program
    wait $program
    code=$?
    [ $code -eq "$([ $signal = INT ] && echo 130 || echo 143)" ] || complain "SIG$signal: exit code $code: $(cat stderr)"
    [ "$(tail -n 1 stderr)" = "detect: interrupted" ] || complain "SIG$signal: $(cat stderr)"
    grep -q '^detect: 27 frames, ' stderr || complain "SIG$signal: no frames a second: $(cat stderr)"
    [ "$(wc -l < lines)" -eq 27 ] || complain "SIG$signal: $(wc -l < lines) lines of 27 frames"
    [ "$(frames_of stdout 2> /dev/null < /dev/null)" = 27 ] || complain "SIG$signal: the video lacks frames"
    kill -0 "$(cat camera.pid)" 2> /dev/null && complain "SIG$signal: ffmpeg was left behind"
done
# Nobody reads the pipe that the lines go to: the signal ends the waiting.
mkfifo unread
count=$((count + 1))
"${detect[@]}" "${short[@]}" --lines unread 2> stderr &
program=$!
sleep 1
kill -INT $program
wait $program
code=$?
[ $code -eq 130 ] || complain "a signal before anybody reads the lines: exit code $code: $(cat stderr)"
[ "$(tail -n 1 stderr)" = "detect: interrupted" ] || complain "a signal before anybody reads the lines: $(cat stderr)"
cat > fake/ffmpeg << END
#!/bin/sh
echo \$\$ > $PWD/camera.pid
head -n 1 $PWD/scene16.y4m
while tail -n +2 $PWD/scene16.y4m; do :; done
END
rm camera.pid
count=$((count + 1))
PATH="$PWD/fake:$PATH" "${detect[@]}" --video camera 2> stderr | head -n 3 > three
code=${PIPESTATUS[0]}
[ "$code" -eq 141 ] || complain "a reader that goes away: exit code $code, expected that of SIGPIPE"
[ ! -s stderr ] || complain "a reader that goes away: $(cat stderr)"
head -n 3 lines16 | cmp -s - three || complain "a reader that goes away got $(cat three)"
kill -0 "$(cat camera.pid)" 2> /dev/null && complain "a reader that goes away: ffmpeg was left behind"

# --- frames dropped: all are accounted for, and the last one is searched; a file comes no faster than it was taken ---
ffmpeg -loglevel error -i scene16.mkv -frames:v 40 -c copy short.mkv
head -c $(((96 * 96 * 2 + 6) * 40 + $(head -n 1 scene16.y4m | wc -c))) scene16.y4m > short.y4m
for source in - short.mkv; do
    takes short.y4m "$bin/detect" --method ipi --video $source --drop
    searched=$(wc -l < stdout)
    dropped=
    [ "$searched" -eq 40 ] || dropped=" $((40 - searched)) frames\? dropped;"
    grep -q "^detect: $searched frames\?, .*$dropped" stderr ||
        complain "--drop: of 40 frames $searched were searched, and it says $(head -n 1 stderr)"
    tail -n 1 stdout | grep -q '"frame":39,' || complain "--drop: the last frame is $(tail -n 1 stdout)"
    sed 's/.*"frame":\([0-9]*\),.*/\1/' stdout | sort -nuc || complain "--drop: the frames are out of order"
done

# Files by any name, raw ones and numbered images too come no faster: 40 frames take a second.
cp short.mkv paced.mkv
head -c $((40 * 96 * 96 * 2)) scene16.raw > paced.raw
for source in file:paced.mkv 'numbered/%03d.png' 'paced.raw --y16 96x96'; do
    begun=$(date +%s%N)
    # shellcheck disable=SC2086 # an option and its value
    works "${detect[@]}" --video $source --fps 40 --drop
    [ $(($(date +%s%N) - begun)) -ge 950000000 ] || complain "--drop of $source: done after $((($(date +%s%N) - begun) / 1000000)) ms"
done

echo "$count commands, $bad wrong"
[ "$bad" -eq 0 ]
