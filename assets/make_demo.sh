#!/bin/sh
# Makes the demo clips in assets/demo: about 90 seconds of synthetic speech, twelve voices in seven languages.
#
# Needs espeak-ng (1.51) and sox (14.4). The same versions give the same bytes: no dither, no date in the header.
# The sentences were written for this project; they mix vowels, stops, fricatives, nasals, numbers and questions, so
# that a codebook trained on them meets most kinds of sound.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
out="$here/demo"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
rm -f "$out"/*.wav

# say NAME VOICE PITCH WORDS_A_MINUTE TEXT
# The pitch is espeak's own scale, 0 to 99. sox brings every clip to 16 kHz, 16 bit, a peak of -3 dB full scale; it halves the
# level first, so that no filter clips.
say() {
    espeak-ng -v "$2" -p "$3" -s "$4" -w "$work/raw.wav" "$5"
    sox -R -D -v 0.5 "$work/raw.wav" -b 16 -c 1 "$out/$1.wav" highpass 40 rate -v 16000 gain -n -3
}

say 01-en-gb-alto en-gb+f2 55 160 \
    "A quantizer replaces each frame by the nearest entry of its codebook. What it could not say is passed on, and the next layer tries again."
say 02-en-us-bass en-us+m3 15 150 \
    "Heavy rain moved over the harbour at dawn. By seven the fog had lifted, and the gulls were back on the pier."
say 03-en-scotland-tenor en-gb-scotland+m1 50 165 \
    "Forty-eight thousand, three hundred and six. Ninety-one point five. Zero, two, zero, eight, seventeen."
say 04-de-soprano de+f3 70 160 \
    "Zwölf fröhliche Füchse jagten durch den schneebedeckten Wald. Warum schweigt das Echo, wenn niemand ruft?"
say 05-fr-mezzo fr-fr+f4 50 155 \
    "Un petit bateau rouge glisse sous le pont, pendant que la lune, toute ronde, se cache derrière un nuage."
say 06-es-baritone es+m4 35 165 \
    "Cada mañana, el panadero abre la puerta y el olor del pan caliente llena la calle. ¿Quién puede resistirse?"
say 07-en-nyc-child en-us-nyc+f5 90 170 \
    "Did you see that? The yellow kite went up, up, up, looped twice, and then fell straight into the fish pond!"
say 08-it-contralto it+f1 30 160 \
    "Gli scogli brillano al tramonto, e una vecchia barca azzurra dondola piano nell'acqua tranquilla del golfo."
say 09-sv-tenor sv+m2 60 155 \
    "Sju små sjömän köpte färska jordgubbar på torget. Sedan började det snöa, mitt i den ljusaste sommarnatten."
say 10-en-rp-old en-gb-x-rp+m6 20 140 \
    "Codes that are never chosen teach us nothing. Count them, move them, and measure how much the error falls."
say 11-pl-mezzo pl+f2 60 160 \
    "W szczelinie pod schodami mieszkał świerszcz. Każdej nocy grał cicho, a deszcz stukał o szyby."
say 12-en-caribbean-baritone en-029+m7 40 160 \
    "Whisper, shout, hum or sing: the voice is one long ribbon, and every twenty milliseconds we cut off a piece and give it a number."

ls -l "$out"
soxi -T -D "$out"/*.wav
