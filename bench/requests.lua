-- wrk: spreads its threads over the servers, sends the requests of a file line by line, and reports in JSON.
-- BENCH_PORTS: the servers, with spaces between them. BENCH_REQUESTS: the file; each line has the method, the path, the
-- body and the headers (name: value), with tabs between them. Once through, or again and again with BENCH_AGAIN.
local ports, threads = {}, {}
for port in string.gmatch(os.getenv("BENCH_PORTS"), "%d+") do ports[#ports + 1] = port end

function setup(thread)
   thread:set("number", #threads)
   thread:set("of", tonumber(os.getenv("BENCH_THREADS")))
   thread.addr = wrk.lookup("127.0.0.1", ports[#threads % #ports + 1])[1]
   threads[#threads + 1] = thread
end

function init(args)
   requests, position, ran_out = {}, 0, 0
   local at = 0
   for line in io.lines(os.getenv("BENCH_REQUESTS")) do
      if at % of == number then
         local parts, headers = {}, {}
         for part in string.gmatch(line .. "\t", "([^\t]*)\t") do parts[#parts + 1] = part end
         for i = 4, #parts do
            local name, value = string.match(parts[i], "^([^:]+): (.*)$")
            headers[name] = value
         end
         local body = parts[3] ~= "" and parts[3] or nil
         requests[#requests + 1] = wrk.format(parts[1], parts[2], headers, body)
      end
      at = at + 1
   end
end

function request()
   position = position + 1
   if position > #requests then
      if not os.getenv("BENCH_AGAIN") then
         ran_out = 1
         wrk.thread:stop()
      end
      position = 1
   end
   return requests[position]
end

function done(summary, latency, answer)
   local ran_out = 0
   for _, thread in ipairs(threads) do ran_out = ran_out + thread:get("ran_out") end
   local errors = summary.errors
   io.stderr:write(string.format(
      '{"count": %d, "seconds": %f, "p50": %f, "p95": %f, "p99": %f, "refused": %d, "broken": %d, "ran_out": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout, ran_out))
end
