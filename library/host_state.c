#include "library/host_state.h"

#include <stddef.h>

host_state host_state_put_aside(void) {
    host_state state;
    fegetenv(&state.floats);
    fesetenv(FE_DFL_ENV);
    locale_t plain = newlocale(LC_ALL_MASK, "C", NULL); /* a constant of the C library, so nothing to free */
    state.locale = uselocale(plain);
    return state;
}

void host_state_put_back(const host_state *state) {
    uselocale(state->locale);
    fesetenv(&state->floats);
}
