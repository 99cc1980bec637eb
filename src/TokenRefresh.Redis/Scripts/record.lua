-- The record of one session and its transitions: the same as TokenRecord in C#. In front of every operation.
-- KEYS[1]: the record. ARGV[1]: the channel; ARGV[2]: the record's name there; ARGV[3]: how long, in ms, a record without tokens is
-- kept; ARGV[4]: how long one with tokens is kept, or 0 for ever; from ARGV[5]: the operation's own.
local FORMAT = '1'
local FIELDS = { 'f', 'l', 'v', 't', 's', 'e', 'c', 'o', 'le', 'ra', 'd' }

-- One clock for all processes: the server's, in milliseconds.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function text(number)
  return string.format('%.0f', number)
end

-- lineage, version, tokens, saved at, end (out, or why it is dead), error code, owner, lease ends, retry at, doubt
local record
local function read()
  local values = redis.call('HMGET', KEYS[1], unpack(FIELDS))
  if not values[1] then
    return
  end
  record = {
    format = values[1],
    lineage = values[2] or '',
    version = tonumber(values[3]) or 0,
    tokens = values[4] or '',
    saved = tonumber(values[5]) or 0,
    ending = values[6] or '',
    code = values[7] or '',
    owner = values[8] or '',
    leaseEnds = tonumber(values[9]) or 0,
    retryAt = tonumber(values[10]) or 0,
    doubt = values[11] == '1',
  }
end
read()

local function write(next)
  record = next
  redis.call('HSET', KEYS[1], 'f', FORMAT, 'l', next.lineage, 'v', text(next.version), 't', next.tokens, 's', text(next.saved),
    'e', next.ending, 'c', next.code, 'o', next.owner, 'le', text(next.leaseEnds), 'ra', text(next.retryAt), 'd', next.doubt and '1' or '0')
  local keep = tonumber(next.tokens == '' and ARGV[3] or ARGV[4])
  if keep > 0 then
    redis.call('PEXPIRE', KEYS[1], text(keep))
  else
    redis.call('PERSIST', KEYS[1])
  end
end

-- new: the version itself is; freed: a version that was there lost its claim.
local function publish(what)
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. ':' .. text(record.version) .. ':' .. what)
end

-- verdict, lineage, version, age, delay, in doubt, tokens, end, error code
local function answer(verdict, delay, doubt, tokens)
  return { verdict, record.lineage, text(record.version), text(math.max(0, now - record.saved)), text(delay or 0),
    doubt and '1' or '0', tokens or '', record.ending, record.code }
end

local function describe()
  if not record then
    return { 'Missing', '', '0', '0', '0', '0', '', '', '' }
  end
  if record.format ~= FORMAT then
    return { 'Unreadable', '', '0', '0', '0', '0', '', '', '' }
  end
  if record.ending == 'out' then
    return answer('Closed')
  end
  if record.ending ~= '' then
    return answer('Dead')
  end
  return answer('Adopt', 0, false, record.tokens)
end

-- A record of another format is left as it is, whatever is asked.
if record and record.format ~= FORMAT then
  return describe()
end

local function fresh(lineage, version, tokens, ending)
  return { lineage = lineage, version = version, tokens = tokens, saved = now, ending = ending, code = '', owner = '',
    leaseEnds = 0, retryAt = 0, doubt = false }
end

local function isCurrent(lineage, version)
  return record and record.lineage == lineage and record.version == version and record.ending == ''
end

local function following(newerThan)
  return math.max(record and record.version or 0, newerThan) + 1
end
