/* The page of browse: browse.html, browse.css and browse.js beside this file, compiled in as texts.
 *
 * Thread rule: constant. */
#ifndef IRST_EVAL_BROWSE_BROWSE_PARTS_H
#define IRST_EVAL_BROWSE_BROWSE_PARTS_H

extern const char browse_html[], browse_css[], browse_js[];

#endif
