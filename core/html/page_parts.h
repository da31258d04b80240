/* The style and the script of pages: page.css and page.js beside this file, compiled in as texts.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_HTML_PAGE_PARTS_H
#define IRST_CORE_HTML_PAGE_PARTS_H

extern const char page_css[], page_js[];

#endif
