"""
What is compared: three lists, each easy to extend. A later family adds its rows at the end of LOADS and MEMORY.
"""
import hashlib

from servers import chunked, request

# --- scripts -------------------------------------------------------------------------------------------------------------
EVAL_GET = "return redis.call('get',KEYS[1])"

# A sliding window with a token reserve, of the kind that rate limiter packages send: 30 lines, five commands a call.
RATE_LIMITER = """
local bucket = KEYS[1]
local capacity = tonumber(ARGV[1])
local window = tonumber(ARGV[2])
local cost = tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local state = redis.call('HMGET', bucket, 'tokens', 'at')
local tokens = tonumber(state[1])
local at = tonumber(state[2])
if tokens == nil or at == nil then
  tokens = capacity
  at = now
end
local rate = capacity / window
local elapsed = now - at
if elapsed > 0 then
  tokens = math.min(capacity, tokens + elapsed * rate)
end
local allowed = 0
local used = redis.call('INCR', bucket .. ':used')
if used == 1 then
  redis.call('PEXPIRE', bucket .. ':used', window)
end
if tokens >= cost then
  tokens = tokens - cost
  allowed = 1
end
redis.call('HMSET', bucket, 'tokens', tokens, 'at', now)
local ttl = redis.call('PTTL', bucket .. ':used')
return { allowed, math.floor(tokens), used, ttl }
"""

# No command inside: what the interpreter itself costs.
PURE_LUA = """
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local words = {}
for i = 1, 100 do words[i] = 'w' .. (i * 7919 % 101) end
table.sort(words)
return fib(12) .. table.concat(words, ',')
"""

# --- loads for redis-benchmark -------------------------------------------------------------------------------------------
# name, commands run once before, arguments of redis-benchmark (its own names with -t, or a command line).
# At every pipeline depth of PIPELINES; key:__rand_int__ is drawn from KEYS keys.
PIPELINES = (1, 16, 64)
KEYS = 100_000
LOADS = [
    ("PING", [], ["PING"]),
    ("SET", [], ["SET", "key:__rand_int__", "valuevaluevalue1"]),
    ("GET", [("fill-strings",)], ["GET", "key:__rand_int__"]),
    ("INCR", [], ["INCR", "counter:__rand_int__"]),
    ("HSET", [], ["HSET", "hash", "field:__rand_int__", "valuevaluevalue1"]),
    ("MSET", [], ["MSET"] + [w for _ in range(10) for w in ("key:__rand_int__", "valuevaluevalue1")]),
    # The other families (--loads LPUSH,SADD … or --loads families).
    ("HGET", [("fill-hash",)], ["HGET", "hash", "field:__rand_int__"]),
    ("LPUSH", [], ["LPUSH", "list", "valuevaluevalue1"]),
    ("RPOP", [("fill-list",)], ["RPOP", "list"]),
    ("LRANGE_100", [("fill-list",)], ["LRANGE", "list", "0", "99"]),
    ("SADD", [], ["SADD", "set", "member:__rand_int__"]),
    ("SPOP", [("fill-set",)], ["SPOP", "set"]),
    ("ZADD", [], ["ZADD", "zset", "__rand_int__", "member:__rand_int__"]),
    ("ZPOPMIN", [("fill-zset",)], ["ZPOPMIN", "zset"]),
    ("XADD", [], ["XADD", "stream", "*", "field", "value"]),
]
LOADS += [
    ("EVAL-GET", [("fill-strings",)], ["EVAL", EVAL_GET, "1", "key:__rand_int__"]),
    ("EVALSHA-LIMITER", [("load-script", RATE_LIMITER)], ["EVALSHA", hashlib.sha1(RATE_LIMITER.encode()).hexdigest(), "1", "limit:__rand_int__", "100", "60000", "1"]),
    ("EVAL-LUA", [], ["EVAL", PURE_LUA, "0"]),
]
FAMILIES = ("LPUSH", "RPOP", "LRANGE_100", "SADD", "SPOP", "HSET", "ZADD", "ZPOPMIN", "XADD", "MSET")

# Loads that use up what they find: it is put there again before each run, and a run must not take more.
USED_UP = ("RPOP", "SPOP", "ZPOPMIN")
FILLED = 300_000
DEFAULT_LOADS = ("PING", "SET", "GET", "INCR", "HSET", "MSET")

# The most a load may cost, as a share of redis-server's CPU per request.
TARGETS = {1: 0.95, 16: 0.65, 64: 0.55}
SCRIPT_TARGET = 1.0
FAMILY_TARGET = 0.8
OWN_TARGETS = {("LRANGE_100", 64): 0.5}


def target(name, pipeline):
    if name.startswith("EVAL"):
        return SCRIPT_TARGET
    if (name, pipeline) in OWN_TARGETS:
        return OWN_TARGETS[name, pipeline]
    return TARGETS.get(pipeline) if name in DEFAULT_LOADS else FAMILY_TARGET


# Commands on big keys: name, data before, command, requests, pipeline, most as a share of redis-server's CPU.
BIG = [
    ("ZADD to 1 M", ("big-zset",), ["ZADD", "zbig", "__rand_int__", "m__rand_int__"], 200_000, 16, 0.8),
    ("ZRANK in 1 M", ("big-zset",), ["ZRANK", "zbig", "m__rand_int__"], 200_000, 16, 0.8),
    ("ZRANGE of 100 in 1 M", ("big-zset",), ["ZRANGE", "zbig", "500000", "500099"], 50_000, 16, 0.8),
    ("LINDEX in the middle of 1 M", ("big-list",), ["LINDEX", "lbig", "500000"], 20_000, 16, 0.8),
    ("SINTER of two of 100 k", ("two-sets",), ["SINTER", "s1", "s2"], 30, 1, 0.5),
    ("SMEMBERS of 100 k", ("two-sets",), ["SMEMBERS", "s1"], 60, 1, 0.45),
    ("ZUNIONSTORE of two of 1 M", ("two-zsets",), ["ZUNIONSTORE", "zu", "2", "z1", "z2"], 3, 1, 0.6),
]


# Loads whose requests are worth many plain ones: fewer of them are sent.
HEAVY = ("MSET", "EVAL-GET", "EVALSHA-LIMITER", "EVAL-LUA")


def prepare(server, what, *arguments):
    """The data a load reads."""
    if what == "fill-strings":
        server.feed(strings(KEYS, 16, 16), KEYS)
    elif what == "fill-hash":
        server.feed(chunked(KEYS, lambda i: request("HSET", "hash", b"field:%012d" % i, "valuevaluevalue1")), KEYS)
    elif what == "fill-list":
        server.call("DEL", "list")
        tens(server, FILLED, "LPUSH", "list", lambda i: [b"valuevaluevalue1"])
    elif what == "fill-set":
        server.call("DEL", "set")
        tens(server, FILLED, "SADD", "set", lambda i: [b"member:%012d" % i])
    elif what == "fill-zset":
        server.call("DEL", "zset")
        tens(server, FILLED, "ZADD", "zset", lambda i: [b"%d" % (i * 7919 % FILLED), b"member:%012d" % i])
    elif what == "big-zset":
        tens(server, 1_000_000, "ZADD", "zbig", lambda i: [b"%d" % (i * 7919 % 1_000_000), b"m%012d" % i])
    elif what == "big-list":
        tens(server, 1_000_000, "RPUSH", "lbig", lambda i: [b"e%012d" % i])
    elif what == "two-sets":
        for key, first in (("s1", 0), ("s2", 50_000)):
            tens(server, 100_000, "SADD", key, lambda i: [b"member:%09d" % (first + i)])
    elif what == "two-zsets":
        for key, first in (("z1", 0), ("z2", 500_000)):
            tens(server, 1_000_000, "ZADD", key, lambda i: [b"%d" % i, b"m%012d" % (first + i)])
    elif what == "load-script":
        server.call("SCRIPT", "LOAD", *arguments)
    else:
        raise ValueError(what)


def tens(server, count, command, key, words):
    """Adds to a collection, ten elements a request."""
    server.feed(chunked(count // 10, lambda i: request(command, key, *[w for j in range(10 * i, 10 * i + 10) for w in words(j)]), 200), count // 10)


# --- data sets for memory ------------------------------------------------------------------------------------------------
def strings(count, key_length, value_length):
    """SET of keys `key:…` (zero-padded to their length) and values of one length."""
    shape = b"*3\r\n$3\r\nSET\r\n$%d\r\nkey:%%0%dd\r\n$%d\r\n%s\r\n" % (key_length, key_length - 4, value_length, b"v" * value_length)
    return chunked(count, lambda i: shape % i)


def big_hash(fields):
    """One hash, ten fields of 13+13 bytes a request."""
    def ten(i):
        words = [w for j in range(10 * i, 10 * i + 10) for w in (b"f%012d" % j, b"v%012d" % j)]
        return request("HSET", "bighash", *words)
    return chunked(fields // 10, ten, 200)


def small_hashes(count):
    fields = b"".join(b"$6\r\nfield%d\r\n$6\r\nvalue%d\r\n" % (n, n) for n in range(5))
    return chunked(count, lambda i: b"*12\r\n$4\r\nHSET\r\n$13\r\nhash:%08d\r\n" % i + fields)


# name, items at full size, items a reply line (a bulk reply has two), items → chunks, most bytes per item (or None), share of redis-server's (or None)
MEMORY = [
    ("10 M strings 16+16", 10_000_000, 1, lambda n: strings(n, 16, 16), 55, None),
    ("5 M strings 24+100", 5_000_000, 1, lambda n: strings(n, 24, 100), 150, None),
    ("1 M strings 16+1024", 1_000_000, 1, lambda n: strings(n, 16, 1024), 1120, None),
    ("a hash of 1 M fields 13+13", 1_000_000, 10, big_hash, 52, None),
    ("200 k hashes of 5 small fields", 200_000, 1, small_hashes, None, 0.8),
    # Families that follow; run when asked for by name.
    ("a list of 1 M elements of 13", 1_000_000, 10, lambda n: chunked(n // 10, lambda i: request("RPUSH", "l", *[b"e%012d" % j for j in range(10 * i, 10 * i + 10)]), 200), 16, None),
    ("a set of 1 M decimal members", 1_000_000, 10, lambda n: chunked(n // 10, lambda i: request("SADD", "s", *range(10_000_000 + 10 * i, 10_000_000 + 10 * i + 10)), 200), 33, None),
    ("a sorted set of 1 M members of 16", 1_000_000, 10, lambda n: chunked(n // 10, lambda i: request("ZADD", "z", *[w for j in range(10 * i, 10 * i + 10) for w in (j * 7919 % n, b"m%015d" % j)]), 200), 66, None),
    ("a stream of 5 M entries of 2 fields", 5_000_000, 0.5, lambda n: chunked(n, lambda i: request("XADD", "x", "%d-1" % (i + 1), "a", i, "b", "value")), None, 1.05),
]
DEFAULT_MEMORY = tuple(row[0] for row in MEMORY[:5])


# --- churn: the same keys, values of changing size ---------------------------------------------------------------------
CHURN_KEYS = 1_000_000
CHURN_ROUNDS = 5


def churn(round_number, count):
    """Round r gives key i a size in 16…527 that is another one every round, with the same sizes over all keys."""
    value = b"v" * 600

    def one(i):
        size = 16 + (i * 2654435761 + round_number * 97) % 512
        return b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n" % (i, size, value[:size])
    return chunked(count, one)


def deletes(count, share=0.6):
    """DEL of every key whose number falls into the share."""
    gone = [i for i in range(count) if i % 10 < share * 10]
    return len(gone), chunked(len(gone), lambda n: b"*2\r\n$3\r\nDEL\r\n$16\r\nkey:%012d\r\n" % gone[n])
