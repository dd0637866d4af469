%% The pools, and work that takes a given time.
-module(peers_pool).
-export([pool/3, turns/1, spin/1]).
-export([hand/4]).

-define(HANDS, 4).

pool(N, Short, Long) ->
    Goal = atomics:new(1, []),
    Turns = turns(Short),
    Longer = turns(Long),
    Driver = self(),
    Hands = list_to_tuple(
        [spawn(?MODULE, hand, [Goal, Driver, {Turns, Longer}, 0]) || _ <- lists:seq(1, ?HANDS)]),
    peers_meter:phases(N, fun(Count) ->
        ok = atomics:put(Goal, 1, Count),
        feed(Hands, 0, Count),
        receive done -> ok end,
        Sum = peers_meter:sum_below(Count),
        Sum = lists:sum([sum_of(Hand) || Hand <- tuple_to_list(Hands)])
    end).

feed(_, Count, Count) -> ok;
feed(Hands, Job, Count) ->
    element(Job rem ?HANDS + 1, Hands) ! Job,
    feed(Hands, Job + 1, Count).

hand(Goal, Driver, {Short, Long} = Turns, Sum) ->
    receive
        Job when is_integer(Job) ->
            %% One in a hundred, without a pattern.
            case erlang:phash2(Job, 100) of
                0 -> spin(Long);
                _ -> spin(Short)
            end,
            case atomics:sub_get(Goal, 1, 1) of
                0 -> Driver ! done;
                _ -> ok
            end,
            hand(Goal, Driver, Turns, Sum + Job);
        {sum, From} ->
            From ! {sum, self(), Sum},
            hand(Goal, Driver, Turns, 0)
    end.

sum_of(Hand) ->
    Hand ! {sum, self()},
    receive {sum, Hand, Sum} -> Sum end.

%% How many turns take so many nanoseconds: the median of many trials.
turns(Nanoseconds) ->
    Turns = 500000,
    Trials = lists:sort([trial(Turns) || _ <- lists:seq(1, 201)]),
    round(Turns * Nanoseconds / lists:nth(101, Trials)).

trial(Turns) ->
    Start = erlang:monotonic_time(nanosecond),
    spin(Turns),
    erlang:monotonic_time(nanosecond) - Start.

spin(0) -> ok;
spin(Turns) -> spin(Turns - 1).
