-- SPDX-License-Identifier: GPL-2.0-or-later
-- For wrk: posts the file that is named behind "--", and prints what came of it as one line of JSON.

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = file:read("*a")
  file:close()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"reviews": %d, "microseconds": %d, "failed": %d, "p10": %.1f, "p50": %.1f, "p90": %.1f, "p99": %.1f}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(10), latency:percentile(50), latency:percentile(90), latency:percentile(99)))
end
