/* A page that is one file: style, script and pictures are in it, and it asks for nothing else, which a policy in its
 * head forbids as well. Light and dark, by the reader's system or a button; readable without JavaScript.
 *
 * Thread rule: one thread at a time for each page; different ones at once. */
#ifndef IRST_CORE_HTML_HTML_PAGE_H
#define IRST_CORE_HTML_HTML_PAGE_H

#include "core/base/status.h"

#include <stdio.h>

typedef struct html_page html_page;

/* `title` heads the page, `lead` is the line under it; both are copied. Free with html_page_free. */
status html_page_new(const char *title, const char *lead, html_page **out);
void html_page_free(html_page *page); /* accepts NULL */

/* To print HTML to. */
FILE *html_page_stream(const html_page *page);

/* Begins a section, which gets a heading and a line in the list of contents. At most 16. */
void html_page_section(html_page *page, const char *title);

/* Writes the page to a file, atomically. Once, at the end. */
status html_page_save(html_page *page, const char *path);

#endif
