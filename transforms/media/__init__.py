"""Stage `media`: text normalised, media located, validated and stored, pairs identified."""
