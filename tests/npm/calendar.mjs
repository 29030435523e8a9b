// Reads an iCalendar object from standard input as a calendar program does; prints what it sees in it.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) {
  ICAL.TimezoneService.register(new ICAL.Timezone(zone), zone.getFirstPropertyValue("tzid"));
}
const entries = calendar.getAllSubcomponents("vevent");
const event = new ICAL.Event(entries[0]);
const text = (name) => entries[0].getFirstPropertyValue(name)?.toString() ?? null;
const moment = (time) => new Date(time.toUnixTime() * 1000).toISOString();

const times = [];
if (event.isRecurring()) {
  const walk = event.iterator();
  for (let next = walk.next(); next && times.length < 10; next = walk.next()) times.push(moment(next));
}
console.log(
  JSON.stringify({
    method: calendar.getFirstPropertyValue("method"),
    events: entries.length,
    uid: event.uid,
    sequence: event.sequence,
    summary: event.summary,
    location: event.location,
    description: event.description,
    organizer: event.organizer,
    attendees: event.attendees.map((one) => one.getFirstValue()),
    start: moment(event.startDate),
    end: moment(event.endDate),
    zone: event.startDate.zone.tzid,
    status: text("status"),
    url: text("url"),
    times,
  }),
);
