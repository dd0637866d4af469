%% `tell` and `fan_in`.
-module(peers_tell).
-export([tell/1, fan_in/1]).
-export([sink/0, send_all/2]).

-define(PRODUCERS, 8).

tell(N) ->
    Sink = spawn(?MODULE, sink, []),
    peers_meter:phases(N, fun(Count) ->
        Sink ! {expect, self(), Count},
        send_all(Sink, Count),
        Sum = peers_meter:sum_below(Count),
        receive {sum, Sum} -> ok end
    end).

fan_in(N) ->
    %% With one sender it would be slower.
    Sink = spawn_opt(?MODULE, sink, [], [{message_queue_data, off_heap}]),
    peers_meter:phases(N, fun(Count) ->
        Each = Count div ?PRODUCERS,
        Sink ! {expect, self(), Count},
        [spawn(?MODULE, send_all, [Sink, Each]) || _ <- lists:seq(1, ?PRODUCERS)],
        Sum = ?PRODUCERS * peers_meter:sum_below(Each),
        receive {sum, Sum} -> ok end
    end).

sink() ->
    receive {expect, Driver, Count} -> Driver ! {sum, collect(Count, 0)} end,
    sink().

collect(0, Sum) -> Sum;
collect(Count, Sum) ->
    receive Number when is_integer(Number) -> collect(Count - 1, Sum + Number) end.

send_all(_, 0) -> ok;
send_all(Sink, Count) ->
    Sink ! Count - 1,
    send_all(Sink, Count - 1).
