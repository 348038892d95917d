package render

import (
	"strconv"
	"text/template"
	"time"
)

// moment is when everything is rendered: plainly not now.
var moment = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// time are the functions that ask what time it is, or where on earth: Flux's controllers run in UTC.
func (f *functions) time() template.FuncMap {
	inZone := f.sprig["dateInZone"].(func(string, any, string) string)
	formatted := func(format string, date any, zone string) string {
		return inZone(format, f.dated(date), zone)
	}
	return template.FuncMap{
		"now": func() time.Time {
			f.use(Time)
			return moment
		},
		"date":           func(format string, date any) string { return formatted(format, date, "UTC") },
		"htmlDate":       func(date any) string { return formatted("2006-01-02", date, "UTC") },
		"dateInZone":     formatted,
		"date_in_zone":   formatted,
		"htmlDateInZone": func(date any, zone string) string { return formatted("2006-01-02", date, zone) },
		"ago": func(date any) string {
			f.use(Time)
			return moment.Sub(f.since(date)).Round(time.Second).String()
		},
		"toDate": func(format, text string) time.Time {
			date, _ := time.ParseInLocation(format, text, time.UTC)
			return date
		},
		"mustToDate": func(format, text string) (time.Time, error) {
			return time.ParseInLocation(format, text, time.UTC)
		},
		"unixEpoch": func(date time.Time) string { return strconv.FormatInt(date.Unix(), 10) },
	}
}

// dated returns a date that sprig takes for one: whatever else it gets, it takes for now.
func (f *functions) dated(date any) any {
	switch date.(type) {
	case time.Time, *time.Time, int64, int, int32:
		return date
	}
	f.use(Time)
	return moment
}

// since follows dateAgo of sprig.
func (f *functions) since(date any) time.Time {
	switch date := date.(type) {
	case time.Time:
		return date
	case int64:
		return time.Unix(date, 0)
	case int:
		return time.Unix(int64(date), 0)
	}
	return moment
}
