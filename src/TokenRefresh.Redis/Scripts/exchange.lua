-- Reads a record, or replaces it if its revision is the expected one ('': there is none). One clock for all processes: the server's.
local record, channel, name, expected = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local mark, text, keepFor = ARGV[4], ARGV[5], tonumber(ARGV[6]) -- mark: '' only reads; keepFor: milliseconds, 0 without limit
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local stored = redis.pcall('HMGET', record, 'text', 'revision', 'written')
local written = not stored.err and stored[1] and (stored[2] or '') ~= '' and tonumber(stored[3])
if written and not (written >= 0 and written < 9e15) then written = nil end -- a time that is none
local revision = redis.call('EXISTS', record) == 0 and '' or written and stored[2] or 'unreadable'

-- A replica that has no record yet must not report a missing one. A client may take it for the primary. The replica refuses this write.
if mark == '' and revision == '' then redis.call('DEL', record) end
if mark == '' or revision ~= expected then
  return { revision, written and stored[1] or '', string.format('%.0f', math.max(0, now - (written or now))) }
end

if revision == 'unreadable' then redis.call('DEL', record) end
revision = string.format('%.0f-', now) .. mark
redis.call('HSET', record, 'text', text, 'revision', revision, 'written', string.format('%.0f', now))
if keepFor > 0 then redis.call('PEXPIRE', record, string.format('%.0f', keepFor)) else redis.call('PERSIST', record) end

-- A notification that is refused or lost costs only time: it must not leave half a step.
redis.pcall('PUBLISH', channel, name .. ' ' .. revision)
return { revision, text, '0' }
