# Comments as Doxygen wants them marked: the file's, those in front of something, those behind something.
1s,^/\* ,/** @file\n * ,
s,^\( *\)/\* ,\1/** ,
s,\([^ ].*[;{,})a-zA-Z0-9]  *\)/\* ,\1/**< ,
# A tag in a comment is spoken of, not meant.
/^#/!s,<\(/\{0\,1\}[a-zA-Z]\),\&lt;\1,g
