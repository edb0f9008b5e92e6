// Package calendar holds civil dates, working days and the clocks that count hours: everything that decides when
// something falls due. It never reads the present time; callers bring it.
package calendar
