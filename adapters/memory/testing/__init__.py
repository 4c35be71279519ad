"""What an app tests its handlers with, without servers: events of every topic, hands that remember, a scripted Zid."""
