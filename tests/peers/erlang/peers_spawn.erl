%% `spawn` and `idle_memory`.
-module(peers_spawn).
-export([first_message/1, idle_memory/1]).
-export([idler/2, sleep/0]).

first_message(N) ->
    peers_meter:phases(N, fun(Count) -> start(Count, fun sleep/0) end).

%% They hibernate, as the documentation advises for processes that will be idle for long.
idle_memory(N) ->
    Before = peers_meter:resident_bytes(),
    {_, Cpu, _} =
        peers_meter:measure(N, fun() -> start(N, fun() -> erlang:hibernate(?MODULE, sleep, []) end) end),
    {(peers_meter:resident_bytes() - Before) / N, Cpu}.

%% Starts that many processes, and waits until each has handled one message.
start(Count, Then) ->
    Goal = atomics:new(2, []),
    ok = atomics:put(Goal, 1, Count),
    Report = {Goal, self()},
    [spawn(?MODULE, idler, [Report, Then]) ! Number || Number <- lists:seq(0, Count - 1)],
    receive done -> ok end,
    Sum = peers_meter:sum_below(Count),
    Sum = atomics:get(Goal, 2).

idler({Goal, Driver}, Then) ->
    receive Number -> atomics:add(Goal, 2, Number) end,
    case atomics:sub_get(Goal, 1, 1) of
        0 -> Driver ! done;
        _ -> ok
    end,
    Then().

sleep() ->
    receive stop -> ok end.
