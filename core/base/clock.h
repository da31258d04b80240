/* The time, and what of it processors have spent on this process.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_BASE_CLOCK_H
#define IRST_CORE_BASE_CLOCK_H

double clock_seconds(void);           /* since some moment, going on at one pace whatever is done to the wall clock */
double clock_processor_seconds(void); /* of all threads of this process, since it began */

#endif
