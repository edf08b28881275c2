-- For wrk: GET of paths drawn at random from a file, one a line, so that no one answer is cached; one
-- line of JSON at the end. A second argument is a key, which is shown with each.
local requests = {}

function init(args)
  if args[2] then wrk.headers['Authorization'] = 'Bearer ' .. args[2] end
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format('GET', path)
  end
  math.randomseed(7)
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%f,"bytes":%d,"failed":%d,"median":%f,"p99":%f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
