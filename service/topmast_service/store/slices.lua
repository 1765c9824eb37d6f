-- The scripts of slices.py. KEYS[1] is the prefix of all keys; what stands above the first "script:" line is common to all.
local P = KEYS[1]
local function key(family, id) return P .. family .. ':' .. id end
local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1e6
end
-- whether the job still is where the caller saw it. Read off the text: decoding takes 50 ms where a request names
-- 70,000 files, and jobs.py sorts a record's keys, so that `attempt` comes first
local function still(job, phase, attempt)
  local record = redis.call('GET', key('job', job))
  if not record then return false end
  return string.match(record, '^{"attempt":(%d+),') == attempt
    and string.find(record, '"phase":"' .. phase .. '","phase_reason"', 1, true) ~= nil
end
local function row(member) return string.match(member, '^(%d+):') end
local function drop(slice, job)
  redis.call('DEL', key('slice', slice))
  redis.call('DEL', key('slice', slice) .. ':files')
  redis.call('ZREM', P .. 'slices', slice)
  redis.call('SREM', key('held', job), slice)
  redis.call('HDEL', key('moving', job), slice)
end
-- a slice's files in the order in which they are moved: the first is the one in hand
local function members(slice) return redis.call('ZRANGE', key('slice', slice) .. ':files', 0, -1) end
local function give_back(slice, job)
  for _, member in ipairs(members(slice)) do
    redis.call('ZADD', key('todo', job), 0, member)
  end
  drop(slice, job)
end
-- one settled file, counted once however often it is told
local function settle(job, number, result, status, source, size)
  if redis.call('HSETNX', key('done', job), number, result) == 0 then return end
  if status == 'OK' then redis.call('RPUSH', key('arrived', job), number) end
  redis.call('HINCRBY', key('count', job), status, 1)
  redis.call('HINCRBY', key('count', job), 'bytes', size)
  if source == 'cached' then
    redis.call('HINCRBY', key('count', job), 'cached', 1)
    redis.call('HINCRBY', key('count', job), 'cached_bytes', size)
  end
end

-- script: fill
local job = ARGV[1]
if not still(job, ARGV[2], ARGV[3]) then return 0 end
for i = 4, #ARGV do
  if redis.call('HEXISTS', key('done', job), row(ARGV[i])) == 0 then
    redis.call('ZADD', key('todo', job), 'NX', 0, ARGV[i])
  end
end
redis.call('ZADD', P .. 'turns', 'NX', 0, job)
return 1

-- script: settle_at_once
local job = ARGV[1]
if not still(job, ARGV[2], ARGV[3]) then return 0 end
for i = 4, #ARGV, 5 do settle(job, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]) end
return 1

-- script: next
local id, lease, most, bytes, cap, bulk = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local mine = redis.call('GET', key('slice', id))
if mine then return {mine, unpack(members(id))} end -- asked again, because the answer was lost
local t, live = now(), redis.call('ZCARD', P .. 'slices')
if live >= cap then return false end
local function take(job, waiting)
  -- towards the end slices shrink, so that no worker holds eight files while seven others hold none
  local share = math.max(1, math.min(most, math.floor(waiting / cap)))
  local due = redis.call('ZRANGEBYSCORE', key('todo', job), '-inf', t, 'LIMIT', 0, share)
  if #due == 0 then return false end
  local taken, sum = {job}, 0
  for _, member in ipairs(due) do
    local size = tonumber(string.match(member, ':(%d+)$'))
    if #taken > 1 and sum + size > bytes then break end
    sum = sum + size
    table.insert(taken, member)
    redis.call('ZREM', key('todo', job), member)
    redis.call('ZADD', key('slice', id) .. ':files', #taken, member)
  end
  redis.call('SET', key('slice', id), job)
  redis.call('ZADD', P .. 'slices', t + lease, id)
  redis.call('SADD', key('held', job), id)
  redis.call('ZADD', P .. 'turns', t, job)
  return taken
end
-- small jobs first, each in its turn; bulk ones never take the last two places
local later = {}
for _, job in ipairs(redis.call('ZRANGE', P .. 'turns', 0, -1)) do
  local waiting = redis.call('ZCARD', key('todo', job))
  if waiting > bulk then
    table.insert(later, {job, waiting})
  else
    local taken = take(job, waiting)
    if taken then return taken end
  end
end
if cap > 2 and live >= cap - 2 then return false end
for _, entry in ipairs(later) do
  local taken = take(entry[1], entry[2])
  if taken then return taken end
end
return false

-- script: renew
if redis.call('EXISTS', key('slice', ARGV[1])) == 0 then return 0 end
redis.call('ZADD', P .. 'slices', now() + tonumber(ARGV[2]), ARGV[1])
redis.call('HSET', key('moving', redis.call('GET', key('slice', ARGV[1]))), ARGV[1], ARGV[3])
return 1

-- script: settle
local slice, job, member = ARGV[1], ARGV[2], ARGV[3]
if redis.call('ZREM', key('slice', slice) .. ':files', member) == 0 then return 0 end
redis.call('HDEL', key('moving', job), slice)
settle(job, row(member), ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return 1

-- script: postpone
local slice, job, member = ARGV[1], ARGV[2], ARGV[3]
if redis.call('ZREM', key('slice', slice) .. ':files', member) == 0 then return 0 end
redis.call('ZADD', key('todo', job), now() + tonumber(ARGV[4]), member)
if ARGV[5] == '1' then redis.call('HINCRBY', key('tries', job), row(member), 1) end
return 1

-- script: close
local slice, job = ARGV[1], ARGV[2]
if redis.call('EXISTS', key('slice', slice)) == 1 then give_back(slice, job) end
if redis.call('EXISTS', key('todo', job), key('held', job)) > 0 then return 0 end
return 1

-- script: hold
local job = ARGV[1]
for _, slice in ipairs(redis.call('SMEMBERS', key('held', job))) do give_back(slice, job) end
redis.call('ZREM', P .. 'turns', job)
return 1

-- script: release
if redis.call('EXISTS', key('todo', ARGV[1])) == 1 then redis.call('ZADD', P .. 'turns', 'NX', 0, ARGV[1]) end
return 1

-- script: expire
local jobs = {}
for _, slice in ipairs(redis.call('ZRANGEBYSCORE', P .. 'slices', '-inf', now())) do
  local job = redis.call('GET', key('slice', slice))
  if job then
    for place, member in ipairs(members(slice)) do
      if place == 1 and redis.call('HINCRBY', key('lost', job), row(member), 1) >= tonumber(ARGV[1]) then
        local result = {status = 'FAILED', reason = 'failed: the workers on it died repeatedly', code = 'worker_lost'}
        settle(job, row(member), cjson.encode(result), 'FAILED', '', 0)
      else
        redis.call('ZADD', key('todo', job), 0, member)
      end
    end
    drop(slice, job)
    table.insert(jobs, job)
  else
    redis.call('ZREM', P .. 'slices', slice)
  end
end
return jobs

-- script: give_up
local job = ARGV[1]
for _, member in ipairs(redis.call('ZRANGE', key('todo', job), 0, -1)) do
  redis.call('ZREM', key('todo', job), member)
  settle(job, row(member), ARGV[2], ARGV[3], '', 0)
end
return 1

-- script: due
local cap, bulk, live = tonumber(ARGV[1]), tonumber(ARGV[2]), redis.call('ZCARD', P .. 'slices')
if live >= cap then return false end
local first = nil
for _, job in ipairs(redis.call('ZRANGE', P .. 'turns', 0, -1)) do
  local head = redis.call('ZRANGE', key('todo', job), 0, 0, 'WITHSCORES')
  local taken = cap > 2 and live >= cap - 2 and redis.call('ZCARD', key('todo', job)) > bulk
  if #head > 0 and not taken and (first == nil or tonumber(head[2]) < first) then first = tonumber(head[2]) end
end
if first == nil then return false end
return tostring(first - now())

-- script: forget
local job = ARGV[1]
if redis.call('EXISTS', key('job', job)) == 1 and not still(job, ARGV[2], ARGV[3]) then return 0 end
for _, slice in ipairs(redis.call('SMEMBERS', key('held', job))) do drop(slice, job) end
for _, family in ipairs({'todo', 'done', 'count', 'tries', 'lost', 'held', 'moving', 'arrived'}) do redis.call('DEL', key(family, job)) end
redis.call('ZREM', P .. 'turns', job)
return 1
