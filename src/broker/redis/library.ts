import { tagOf } from '../../protocol/index.ts';

/**
 * The functions of the library, which Redis runs one at a time, each whole or not at all. All are declared to write, those
 * that read too: so a leader that became a replica refuses them, and nobody reads what is old.
 */
export type RedisFunction = 'append' | 'read' | 'top';

/**
 * KEYS 1: the log's hash: epoch, count of all entries ever, tag of the last, bytes of data kept. 2: the list of its entries;
 * the last has the offset `count`. 3: what remembers one key. ARGV 1: an epoch for a log that has none yet; 2: how long to
 * remember the log's end. The epoch comes from outside, as Redis seeds the randomness of its functions alike each time.
 */
const TEMPLATE = `#!lua name=LIBRARY
local function whole(number) return string.format('%.0f', number) end

local function open(keys, args)
  local log = redis.call('HMGET', keys[1], 'epoch', 'count', 'tag', 'bytes')
  if log[1] then return log[1], tonumber(log[2]), log[3], tonumber(log[4]) end
  -- Entries that outlived their log's end can't be numbered.
  redis.call('DEL', keys[2])
  redis.call('HSET', keys[1], 'epoch', args[1], 'count', '0', 'tag', '', 'bytes', '0')
  redis.call('PEXPIRE', keys[1], args[2])
  return args[1], 0, '', 0
end

local function top(keys, args)
  local epoch, count, tag = open(keys, args)
  return { epoch, count, tag }
end

-- ARGV 3: offset of the follower's position, 0 for the start; 4: limit.
local function read(keys, args)
  local epoch, count, tag = open(keys, args)
  local after, limit = tonumber(args[3]), tonumber(args[4])
  local first = count - redis.call('LLEN', keys[2]) + 1
  local anchor = false
  if after >= first and after <= count then
    anchor = string.match(redis.call('LINDEX', keys[2], after - first), '^[^\\n]*')
  end
  local from = math.max(after + 1, first) - first
  local entries = {}
  if limit > 0 then entries = redis.call('LRANGE', keys[2], from, from + limit - 1) end
  return { epoch, count, tag, first, anchor, entries }
end

-- ARGV 3: tag; 4: what the entry is; 5: channel; 6, 7, 8: most entries, bytes of data and milliseconds; 9: key window.
local function append(keys, args)
  local epoch, count, tag, bytes = open(keys, args)
  local known = redis.call('GET', keys[3])
  -- A log that was lost, but not the memory of its keys, has another epoch.
  if known and string.sub(known, 1, #epoch + 1) == epoch .. ':' then return known end

  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local previous = tag == '' and '-' or tag
  local line = whole(count + 1) .. ' ' .. whole(now) .. ' ' .. previous .. ' ' .. args[4]
  local length = redis.call('RPUSH', keys[2], line)
  local function size(kept) return #kept - string.find(kept, '\\n', 1, true) end
  bytes = (length > 1 and bytes or 0) + size(line)

  local maxEntries, maxBytes, oldest = tonumber(args[6]), tonumber(args[7]), now - tonumber(args[8])
  -- The newest stays, whatever its size. What is too much for one call goes with the next.
  for _ = 1, math.min(length - 1, 1000) do
    local kept = redis.call('LINDEX', keys[2], 0)
    local isOld = tonumber(string.match(kept, '^%d+ (%d+)')) <= oldest
    if length <= maxEntries and bytes <= maxBytes and not isOld then break end
    redis.call('LPOP', keys[2])
    length, bytes = length - 1, bytes - size(kept)
  end

  local at = epoch .. ':' .. whole(count + 1) .. ':' .. args[3]
  redis.call('HSET', keys[1], 'count', whole(count + 1), 'tag', args[3], 'bytes', whole(bytes))
  redis.call('PEXPIRE', keys[1], args[2])
  redis.call('PEXPIRE', keys[2], args[8])
  redis.call('SET', keys[3], at, 'PX', args[9])
  redis.call('SPUBLISH', args[5], epoch .. ' ' .. line)
  return at
end

redis.register_function('LIBRARY_append', append)
redis.register_function{ function_name = 'LIBRARY_read', callback = read, flags = { 'allow-oom' } }
redis.register_function{ function_name = 'LIBRARY_top', callback = top, flags = { 'allow-oom' } }
`;

/** Named after what is in it, so that two versions of this package use one server side by side. */
const NAME = `message_flow_${tagOf(TEMPLATE)}`;

/**
 * The library of functions that the broker calls, for `FUNCTION LOAD`. An account that may not load it finds it loaded by
 * one that may.
 */
export const REDIS_LIBRARY: string = TEMPLATE.replaceAll('LIBRARY', NAME);

/** The name under which Redis knows a function. */
export function nameFunction(name: RedisFunction): string {
  return `${NAME}_${name}`;
}
