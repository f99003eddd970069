/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/event_object.h"

static json_t *make_metadata(const struct event_object *event)
{
	return json_pack("{s:s+, s:s}", "generateName", event->component, "-", "namespace",
			 event->namespace_name);
}

static json_t *make_reference(const struct event_object *event)
{
	return json_pack("{s:s, s:s, s:s*, s:s, s:s*}", "apiVersion", event->about_api_version,
			 "kind", event->about_kind, "namespace", event->about_namespace, "name",
			 event->about_name, "uid", event->about_uid);
}

json_t *event_object_make(const struct event_object *event)
{
	/* json_pack() steals the two objects; without one of them it makes nothing. */
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:i}",
			 "apiVersion", "v1", "kind", "Event", "metadata", make_metadata(event),
			 "involvedObject", make_reference(event), "reason", event->reason,
			 "message", event->message, "type", "Warning", "source", "component",
			 event->component, "host", event->host, "firstTimestamp", event->time,
			 "lastTimestamp", event->time, "count", 1);
}
