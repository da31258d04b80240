#include "modules/classic/solver_report.h"

void solver_report_residual(solver_report *report, double residual) {
    if (report->residual_count < DETECTOR_RESIDUALS)
        report->residuals[report->residual_count++] = residual;
}
